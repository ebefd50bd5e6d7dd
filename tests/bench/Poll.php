<?php

declare(strict_types=1);

namespace Mj\Tests\Bench;

use Mj\Tests\Process\Cli;

/** `mj_poll()` with many tasks stored and another process writing. */
final class Poll
{
    private const TASKS = 100_000;

    /** @var array<string, string> a hub that nobody serves */
    public const NOBODY = [
        'mj.role' => 'never',
        'mj.user_token' => 'nobody',
        'mj.guild_id' => '1100000000000000001',
        'mj.channel_id' => '1100000000000000002',
        'mj.api_url' => 'http://127.0.0.1:9',
        'mj.gateway_url' => 'ws://127.0.0.1:9',
        'mj.queue_size' => '100000',
    ];

    public function measure(Report $report): void
    {
        $place = Place::inMemory();
        $store = Example::path('poll');
        $populate = proc_open([$store, '--populate', (string) self::TASKS, $place->path], [1 => ['pipe', 'w'], 2 => ['file', '/dev/null', 'w']], $pipes);
        $ids = tmpfile();
        stream_copy_to_stream($pipes[1], $ids);
        proc_close($populate);
        $writer = proc_open([$store, '--write', $place->path], [], $none);
        try {
            $times = json_decode(Cli::run('require $data["script"];', ['mj.state_dir' => $place->path] + self::NOBODY, [
                'script' => __DIR__ . '/poll_loop.php',
                'ids' => stream_get_meta_data($ids)['uri'],
            ], 120.0), true, 8, JSON_THROW_ON_ERROR);
        } finally {
            proc_terminate($writer, SIGKILL);
            proc_close($writer);
        }
        $targets = ['unchanged' => 2.0, 'in progress' => 5.0, 'finished, 10 buttons' => 7.0];
        foreach ($times['polls'] as $name => [$median, $late]) {
            $report->add(
                "mj_poll, $name",
                ($median - $times['empty']) / 1e3,
                'µs',
                $targets[$name] ?? null,
                sprintf('p99 %.1f µs; %s tasks, another process commits 500 times a second', ($late - $times['empty']) / 1e3, number_format(self::TASKS))
            );
        }
        [$median, $late] = $times['metrics'];
        $report->add('mj_metrics', $median / 1e3, 'µs', null, sprintf('p99 %.1f µs; one hub, %s tasks, the same writer', $late / 1e3, number_format(self::TASKS)));
    }
}
