<?php

declare(strict_types=1);

namespace Mj\Tests\Faults;

/** What a process takes: memory at its highest, in MB, and processor time, in seconds. */
final class Usage
{
    private const TICKS = 100;

    private float $memory;

    private float $time;

    private float $began;

    public function __construct(private int $pid)
    {
        // What was the highest until now is forgotten.
        file_put_contents("/proc/$pid/clear_refs", '5');
        $this->memory = $this->highest();
        $this->time = $this->time();
        $this->began = microtime(true);
    }

    /** How far memory has grown at its highest, in MB. */
    public function growth(): float
    {
        return $this->highest() - $this->memory;
    }

    /** How much of one processor was used, in per cent. */
    public function load(): float
    {
        return 100 * ($this->time() - $this->time) / max(1.0, microtime(true) - $this->began);
    }

    private function highest(): float
    {
        preg_match('/VmHWM:\s+(\d+)/', (string) file_get_contents("/proc/{$this->pid}/status"), $found);

        return (int) ($found[1] ?? 0) / 1024;
    }

    private function time(): float
    {
        $line = (string) file_get_contents("/proc/{$this->pid}/stat");
        $fields = explode(' ', substr($line, strrpos($line, ')') + 2));

        return ((int) ($fields[11] ?? 0) + (int) ($fields[12] ?? 0)) / self::TICKS;
    }
}
