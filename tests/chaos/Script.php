<?php

declare(strict_types=1);

namespace Mj\Tests\Chaos;

use Mj\Tests\Process\Extension;

/** A process that runs `script.php`. */
final class Script
{
    /** @var resource */
    private $process;

    /** @var array<int, resource> */
    private array $pipes = [];

    private string $text = '';

    /** How many lines are still to come. */
    private int $asked = 0;

    /**
     * @param array<string, string> $ini  `mj.*` settings
     * @param mixed                 $line what it is told first
     */
    public function __construct(private string $mode, array $ini, mixed $line = null)
    {
        $command = [PHP_BINARY, '-n', '-d', 'extension=' . Extension::path(), '-d', 'display_errors=stderr'];
        foreach ($ini as $name => $value) {
            array_push($command, '-d', "$name=\"$value\"");
        }
        $this->process = proc_open([...$command, __DIR__ . '/script.php', $mode], [['pipe', 'r'], ['pipe', 'w'], STDERR], $this->pipes);
        stream_set_blocking($this->pipes[1], false);
        if ($line !== null) {
            fwrite($this->pipes[0], json_encode($line) . "\n");
        }
    }

    public function __destruct()
    {
        // A short script that was answered ends by itself: it may still have to hand its task over.
        if ($this->asked > 0 || !in_array($this->mode, ['once', 'fork'], true)) {
            proc_terminate($this->process, SIGKILL);
        }
        array_map('fclose', $this->pipes);
        proc_close($this->process);
    }

    /** @param list<mixed> $call */
    public function ask(array $call): self
    {
        ++$this->asked;
        @fwrite($this->pipes[0], json_encode($call, JSON_THROW_ON_ERROR) . "\n");

        return $this;
    }

    /** The next answer; null when it died before, or the time is over. */
    public function line(float $seconds): ?string
    {
        $until = microtime(true) + $seconds;
        while (($end = strpos($this->text, "\n")) === false) {
            $left = $until - microtime(true);
            $read = [$this->pipes[1]];
            $write = $except = null;
            if ($left <= 0 || @stream_select($read, $write, $except, (int) $left, (int) (fmod($left, 1) * 1e6)) === false) {
                return null;
            }
            $chunk = (string) fread($this->pipes[1], 65536);
            if ($chunk === '' && feof($this->pipes[1])) {
                return null;
            }
            $this->text .= $chunk;
        }
        $line = substr($this->text, 0, $end);
        $this->text = substr($this->text, $end + 1);
        --$this->asked;

        return $line;
    }

    /** Whether it has answered all that it was asked. */
    public function isInStep(): bool
    {
        return $this->asked === 0;
    }

    public function isRunning(): bool
    {
        return proc_get_status($this->process)['running'];
    }

    public function pid(): int
    {
        return proc_get_status($this->process)['pid'];
    }
}
