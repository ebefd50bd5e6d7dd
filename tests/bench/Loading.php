<?php

declare(strict_types=1);

namespace Mj\Tests\Bench;

use Mj\Tests\Process\Extension;

/** What a PHP that loads the extension and does nothing with it pays. */
final class Loading
{
    private const ROUNDS = 250;

    public function measure(Report $report): void
    {
        $without = [PHP_BINARY, '-n'];
        $with = [...$without, '-d', 'extension=' . Extension::path()];
        $times = ['with' => [], 'without' => []];
        for ($round = 0; $round < self::ROUNDS; ++$round) {
            // Side by side, and in turn first, so that a busy moment meets both.
            $pair = ['with' => $with, 'without' => $without];
            foreach ($round % 2 ? array_reverse($pair) : $pair as $name => $command) {
                $times[$name][] = self::time([...$command, '-r', '']);
            }
        }
        $difference = Numbers::median(array_map(static fn (float $a, float $b) => $a - $b, $times['with'], $times['without']));
        $report->add("loading: php -r ''", $difference, 'ms', 1.0, sprintf('median of the difference; %.2f with, %.2f without', Numbers::median($times['with']), Numbers::median($times['without'])));

        // Pages of a file that was just built count as dirty until they are on the disk.
        exec('sync --file-system ' . escapeshellarg(Extension::path()));
        $memory = ['with' => [], 'without' => []];
        foreach (range(1, 11) as $ignored) {
            foreach (['with' => $with, 'without' => $without] as $name => $command) {
                $memory[$name][] = self::privateDirty([...$command, '-r', 'readfile("/proc/self/smaps_rollup");']);
            }
        }
        $report->add('loading: private dirty', (Numbers::median($memory['with']) - Numbers::median($memory['without'])) / 1024, 'MB', 0.5, 'over php without it');
    }

    /** @param list<string> $command */
    private static function time(array $command): float
    {
        $began = hrtime(true);
        $process = proc_open($command, [], $pipes);
        proc_close($process);

        return (hrtime(true) - $began) / 1e6;
    }

    /** @param list<string> $command */
    private static function privateDirty(array $command): int
    {
        $process = proc_open($command, [1 => ['pipe', 'w']], $pipes);
        preg_match('/^Private_Dirty:\s+(\d+)/m', stream_get_contents($pipes[1]), $match);
        proc_close($process);

        return (int) $match[1];
    }
}
