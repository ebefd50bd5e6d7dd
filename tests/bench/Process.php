<?php

declare(strict_types=1);

namespace Mj\Tests\Bench;

/** What the kernel says of a process. */
final class Process
{
    /**
     * Memory in kB by the kernel's names, as `Pss` and `Private_Dirty`.
     *
     * @return array<string, int>
     */
    public static function memory(int|string $pid): array
    {
        preg_match_all('/^(\w+):\s+(\d+) kB$/m', (string) file_get_contents("/proc/$pid/smaps_rollup"), $matches);

        return array_map('intval', array_combine($matches[1], $matches[2]));
    }

    /** Time on a processor since it began, over all its threads that are still there, in milliseconds. */
    public static function processorTime(int $pid): float
    {
        $sum = 0.0;
        foreach (glob("/proc/$pid/task/*/schedstat") as $path) {
            $sum += (float) explode(' ', (string) @file_get_contents($path))[0];
        }

        return $sum / 1e6;
    }

    /** `utime` and `stime` of /proc/PID/stat, in ticks of 10 ms. */
    public static function ticks(int $pid): int
    {
        $fields = explode(' ', preg_replace('/^.*\) /', '', (string) file_get_contents("/proc/$pid/stat")));

        return (int) $fields[11] + (int) $fields[12];
    }

    public static function threads(int $pid): int
    {
        return count(glob("/proc/$pid/task/*"));
    }

    /** Waits until a process has done nothing for half a second. */
    public static function rest(int $pid, float $seconds = 60.0): void
    {
        $until = microtime(true) + $seconds;
        do {
            $before = self::processorTime($pid);
            usleep(500_000);
        } while (self::processorTime($pid) - $before > 2.0 && microtime(true) < $until);
    }
}
