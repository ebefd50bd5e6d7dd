<?php

declare(strict_types=1);

namespace Mj\Tests\Bench;

use Mj\Tests\Process\Cli;

/** `mj_imagine()`: it returns once the task is durable, so it costs what the disk costs and our part. */
final class Imagine
{
    private const TARGET = 50.0;

    /** Scripts one after the other, each with as many submissions as a page or a job may make. */
    private const SCRIPTS = 6;
    private const ROUNDS = 200;

    public function measure(Report $report): void
    {
        foreach ([Place::onDisk(), Place::inMemory()] as $place) {
            $kind = $place->kind();
            $times = ['imagine' => [], 'sync' => []];
            for ($script = 0; $script < self::SCRIPTS; ++$script) {
                $times = array_merge_recursive($times, $this->script($place, self::ROUNDS));
            }
            $sync = Numbers::median($times['sync']);
            $report->add("mj_imagine on $kind", Numbers::median($times['imagine']), 'µs', self::TARGET + $sync, sprintf('p99 %.0f µs; target is 50 µs and one fdatasync', Numbers::quantile($times['imagine'], 0.99)));
            $report->add("one fdatasync on $kind", $sync, 'µs', null, sprintf('p99 %.0f µs; 16 kB in place', Numbers::quantile($times['sync'], 0.99)));
        }
        $many = $this->script(Place::inMemory(), 500)['imagine'];
        $report->add('mj_imagine, 401st to 500th of one script', Numbers::median(array_slice($many, 400)), 'µs', null, 'nobody owns the hub; on tmpfs');
    }

    /** @return array{imagine: list<float>, sync: list<float>} microseconds */
    private function script(Place $place, int $rounds): array
    {
        $answer = Cli::run('require $data["script"];', ['mj.state_dir' => $place->path . '/state', 'mj.shutdown_grace' => '0'] + Poll::NOBODY, [
            'script' => __DIR__ . '/imagine_loop.php',
            'directory' => $place->path,
            'rounds' => $rounds,
        ], 120.0);

        return json_decode($answer, true, 8, JSON_THROW_ON_ERROR);
    }
}
