<?php

declare(strict_types=1);

namespace Mj\Tests\Bench;

/** Reading of gateway frames beside twilight-gateway, the same frames on the same core. */
final class Decode
{
    public function measure(Report $report): void
    {
        $process = proc_open([Example::path('decode')], [1 => ['pipe', 'w']], $pipes);
        $times = json_decode(stream_get_contents($pipes[1]), true, 8, JSON_THROW_ON_ERROR);
        proc_close($process);
        foreach (['ours' => ["our channel's frames", 3.0], 'foreign' => ["another channel's frames", 5.0]] as $kind => [$title, $target]) {
            $time = $times[$kind];
            $report->addAtLeast("decode: $title", $time['times_faster'], '× twilight', $target, sprintf(
                '%.2f µs a frame, twilight %.2f µs; %d bytes',
                $time['ours_ns'] / 1e3,
                $time['twilight_ns'] / 1e3,
                $time['bytes']
            ));
        }
        foreach ($times['frames'] as $name => $time) {
            $report->addAtLeast("decode: one $name", $time['times_faster'], '× twilight', null, sprintf('%.2f µs', $time['ours_ns'] / 1e3));
        }
    }
}
