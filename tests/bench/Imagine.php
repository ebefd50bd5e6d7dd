<?php

declare(strict_types=1);

namespace Mj\Tests\Bench;

use Mj\Tests\Process\Cli;

/** `mj_imagine()`: it returns once the task is durable, so it costs what the disk costs and our part. */
final class Imagine
{
    private const TARGET = 50.0;

    public function measure(Report $report): void
    {
        foreach ([Place::onDisk(), Place::inMemory()] as $place) {
            $kind = $place->kind();
            $times = json_decode(Cli::run('require $data["script"];', ['mj.state_dir' => $place->path . '/state'] + Poll::NOBODY, [
                'script' => __DIR__ . '/imagine_loop.php',
                'directory' => $place->path,
            ], 120.0), true, 8, JSON_THROW_ON_ERROR);
            [$sync, $lateSync] = array_map(static fn (float|int $time) => $time / 1e3, $times['sync']);
            [$imagine, $late] = array_map(static fn (float|int $time) => $time / 1e3, $times['imagine']);
            $report->add("mj_imagine on $kind", $imagine, 'µs', self::TARGET + $sync, sprintf('p99 %.0f µs; target is 50 µs and one fdatasync', $late));
            $report->add("one fdatasync on $kind", $sync, 'µs', null, sprintf('p99 %.0f µs; 16 kB in place', $lateSync));
        }
    }
}
