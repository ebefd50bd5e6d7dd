<?php

declare(strict_types=1);

namespace Mj\Tests\Process;

/** A PHP command-line process with the extension, running a few lines of code. */
final class Cli
{
    /** @var resource */
    private $process;

    /** @var array<int, resource> */
    private array $pipes = [];

    private int $exit = -1;

    /**
     * @param array<string, string|int> $ini  `mj.*` settings
     * @param mixed                     $data what the code sees as `$data`
     * @param bool                      $input whether it is told something, with `say()`
     */
    public function __construct(string $code, array $ini = [], mixed $data = null, bool $input = false, array $extensions = [])
    {
        $command = [PHP_BINARY, '-n', '-d', 'extension=' . Extension::path(), '-d', 'display_errors=stderr'];
        foreach ($extensions as $extension) {
            array_push($command, '-d', "extension=$extension");
        }
        foreach ($ini as $name => $value) {
            array_push($command, '-d', "$name=\"$value\"");
        }
        array_push($command, '-r', '$data = json_decode($argv[1], true); ' . $code, '--', json_encode($data));
        $this->process = proc_open($command, [$input ? ['pipe', 'r'] : ['file', '/dev/null', 'r'], ['pipe', 'w'], ['pipe', 'w']], $this->pipes);
    }

    public function __destruct()
    {
        if (is_resource($this->process)) {
            proc_terminate($this->process, SIGKILL);
            proc_close($this->process);
        }
    }

    /** Runs it to its end and gives what it echoed; fails when it did not exit with 0. */
    public static function run(string $code, array $ini = [], mixed $data = null, float $seconds = 60.0, array $extensions = []): string
    {
        $cli = new self($code, $ini, $data, false, $extensions);
        [$out, $err] = $cli->wait($seconds);
        if ($cli->exitCode() !== 0) {
            throw new \RuntimeException("exit {$cli->exitCode()}: $out$err");
        }

        return $out;
    }

    /**
     * Waits for its end.
     *
     * @return array{string, string} what it wrote to standard output and standard error
     */
    public function wait(float $seconds = 60.0): array
    {
        $text = [1 => '', 2 => ''];
        $open = [1 => $this->pipes[1], 2 => $this->pipes[2]];
        $until = microtime(true) + $seconds;
        while ($open !== []) {
            $read = $open;
            $write = $except = null;
            $left = $until - microtime(true);
            if ($left <= 0) {
                proc_terminate($this->process, SIGKILL);
                throw new \RuntimeException("still running after $seconds s: {$text[1]}{$text[2]}");
            }
            stream_select($read, $write, $except, (int) $left, (int) (fmod($left, 1) * 1e6));
            foreach ($read as $number => $pipe) {
                $chunk = fread($pipe, 65536);
                $text[$number] .= $chunk;
                if ($chunk === '' && feof($pipe)) {
                    unset($open[$number]);
                }
            }
        }
        $this->exit = proc_close($this->process);

        return [$text[1], $text[2]];
    }

    /** Reads the next line that it echoes. */
    public function line(): string
    {
        return rtrim((string) fgets($this->pipes[1]), "\n");
    }

    /** Writes to its standard input. */
    public function say(string $text): void
    {
        fwrite($this->pipes[0], $text);
    }

    public function exitCode(): int
    {
        return $this->exit;
    }

    public function pid(): int
    {
        return proc_get_status($this->process)['pid'];
    }

    public function signal(int $signal): void
    {
        posix_kill($this->pid(), $signal);
    }
}
