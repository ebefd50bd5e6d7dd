<?php

declare(strict_types=1);

namespace Mj\Console;

/** Opens a file with the program that the desktop has for it. */
final class Opener
{
    /** @param array<string, string> $environment */
    public function __construct(private array $environment, private string $system = \PHP_OS_FAMILY) {}

    /** @throws Refusal where nothing can be started */
    public function open(string $path): void
    {
        $program = $this->program();
        $nowhere = ['file', \DIRECTORY_SEPARATOR === '\\' ? 'NUL' : '/dev/null', 'r+'];
        // A file may be named as an option is.
        $path = str_starts_with($path, '-') ? "./$path" : $path;
        $pipes = [];
        $process = $program === null || !function_exists('proc_open') ? false : @proc_open([...$program, $path], [$nowhere, $nowhere, $nowhere], $pipes, null, $this->environment);
        if ($process === false) {
            throw Refusal::failed('nothing here opens pictures' . ($program === null ? '' : " ($program[0] could not be started)") . '; it is saved');
        }
        // These programs hand the file on and end.
        proc_close($process);
    }

    /** @return non-empty-list<string>|null */
    private function program(): ?array
    {
        $program = match ($this->system) {
            'Darwin' => ['open'],
            'Windows' => ['explorer.exe'],
            default => ['xdg-open'],
        };
        if ($this->system === 'Windows') {
            return $program;
        }
        foreach (explode(\PATH_SEPARATOR, $this->environment['PATH'] ?? '/usr/bin:/bin') as $directory) {
            if (is_executable("$directory/$program[0]")) {
                return ["$directory/$program[0]"];
            }
        }

        return null;
    }
}
