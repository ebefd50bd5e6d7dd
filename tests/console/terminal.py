"""Runs a program on a pseudo-terminal, types what it is told when something is seen, and prints what the program wrote.

Takes one JSON object on standard input: command, environment, columns, rows, steps (each `see`, a regular expression, with
`send`, what is typed then, `signal`, what is sent to the program, or `columns`, how wide the terminal becomes), seconds. Prints one: exit, output (Base64), raw
(whether the terminal was left in another mode than it was in).
"""

import base64
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

asked = json.load(sys.stdin)
child, terminal = pty.fork()
if child == 0:
    # The size is set before the program looks at it.
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", asked["rows"], asked["columns"], 0, 0))
    os.execvpe(asked["command"][0], asked["command"], asked["environment"])

before = termios.tcgetattr(terminal)[3]
output = b""
seen = 0
steps = asked["steps"]
until = time.monotonic() + asked["seconds"]
while time.monotonic() < until:
    readable, _, _ = select.select([terminal], [], [], 0.1)
    if readable:
        try:
            chunk = os.read(terminal, 65536)
        except OSError:
            break
        if not chunk:
            break
        output += chunk
    while steps:
        found = re.search(steps[0]["see"].encode(), output[seen:], re.S)
        if not found:
            break
        seen += found.end()
        step = steps.pop(0)
        if "send" in step:
            os.write(terminal, step["send"].encode())
        if "signal" in step:
            os.kill(child, step["signal"])
        if "columns" in step:
            # The kernel tells the program by SIGWINCH.
            fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", asked["rows"], step["columns"], 0, 0))
else:
    os.kill(child, signal.SIGKILL)

try:
    is_raw = termios.tcgetattr(terminal)[3] != before
except termios.error:
    is_raw = False
_, status = os.waitpid(child, 0)
exit_code = os.waitstatus_to_exitcode(status)
json.dump({"exit": exit_code, "output": base64.b64encode(output).decode(), "raw": is_raw, "left": len(steps)}, sys.stdout)
