<?php

declare(strict_types=1);

namespace Mj\Tests\Process;

use PHPUnit\Framework\TestCase;

/**
 * Hundreds of tasks through eight php-fpm workers while the owner is killed at random: nothing lost, nothing sent
 * twice, no picture given to the wrong task.
 *
 * MJ_CHAOS_TASKS sets how many tasks there are (500 when not set, fewer in a hurry).
 */
final class ChaosTest extends TestCase
{
    /** @return array<string, array{string}> */
    public function gateways(): array
    {
        return ['user gateway' => ['user'], 'bot gateway' => ['bot'], 'both gateways' => ['both']];
    }

    /** @dataProvider gateways */
    public function testOwnersDieAtRandom(string $gateway): void
    {
        $count = (int) (getenv('MJ_CHAOS_TASKS') ?: 500);
        $simulator = new Simulator(['--speed', '100', '--accounts', '10']);
        $state = new StateDirectory();
        $fpm = new Fpm(['mj.state_dir' => $state->path], 8);
        $config = $simulator->config(['gateway' => $gateway, 'timeout' => 120]);

        $wanted = self::wanted($count, $simulator->accountNames());
        $ids = $ended = [];
        $kills = 0;
        $nextKill = microtime(true) + 1.0;
        $until = microtime(true) + 240.0;
        do {
            // Submits what is not submitted yet, eight at a time; an answer that was lost with its worker is asked for again
            // with the same idempotency key.
            $batch = array_slice(array_diff_key($wanted, $ids), 0, 8, true);
            $ids += array_filter($fpm->calls(array_map(
                static fn (array $one) => ['configured', $config, ...$one['call'](['idempotency_key' => $one['key']])],
                $batch,
            )), 'is_string');
            // What is in doubt needs an owner that lives for a few seconds, so the killing stops before the end.
            if (microtime(true) > $nextKill && count($ended) < 0.9 * $count && self::killOwner($fpm, $config)) {
                ++$kills;
                $nextKill = microtime(true) + mt_rand(500, 2500) / 1000;
            }
            foreach (self::ended($fpm, $config, array_diff_key($ids, $ended)) as $key => $task) {
                $ended[$key] = $task;
                if ($key % 5 === 0 && $key < $count && $task['status'] === 'SUCCESS') {
                    $wanted[$count + $key] = self::upscale($count + $key, $task, 1 + $key % 4);
                }
            }
            if ($batch === []) {
                usleep(100_000);
            }
        } while (count($ended) < count($wanted) && microtime(true) < $until);

        self::assertCount(count($wanted), $ids, 'every submission was answered');
        $open = array_values(array_diff_key($ids, $ended));
        self::assertSame([], $open, $open === [] ? '' : 'not ended: ' . json_encode([
            $fpm->call('configured', $config, 'mj_poll_many', $open),
            $fpm->call('configured', $config, 'mj_status'),
            array_diff_key($simulator->record(), ['interactions' => 0, 'connections' => 0]),
        ]));
        $pictures = self::compare($wanted, $ended, $simulator->jobs());
        self::assertGreaterThan($count / 250, $kills, 'owners were killed');
        $record = $simulator->record();
        fwrite(STDERR, sprintf(
            "\n%s gateway: %d tasks, %d pictures, %d owners killed, %d identifies, %d resumes\n",
            $gateway,
            count($ended),
            $pictures,
            $kills,
            $record['identifies'],
            $record['resumes'],
        ));
    }

    /**
     * A third with the same words, a third with links that Midjourney rewrites, a third of their own.
     *
     * @param  list<string>                                       $accounts
     * @return array<int, array{key: string, custom_id: string|null, call: callable}>
     */
    private static function wanted(int $count, array $accounts): array
    {
        $wanted = [];
        for ($i = 0; $i < $count; ++$i) {
            $prompt = match ($i % 3) {
                0 => 'the same words for all',
                1 => "https://example.com/pictures/$i.png a copy of this --ar 3:2",
                2 => "a picture of its own, number $i",
            };
            $account = ['account' => $accounts[$i % count($accounts)]];
            $wanted[$i] = ['key' => "chaos-$i", 'custom_id' => null, 'call' => static fn (array $options) => ['mj_imagine', $prompt, $options + $account]];
        }

        return $wanted;
    }

    /**
     * @param  array<string, mixed> $grid
     * @return array{key: string, call: callable, custom_id: string}
     */
    private static function upscale(int $key, array $grid, int $index): array
    {
        return [
            'key' => "chaos-$key",
            'custom_id' => "MJ::JOB::upsample::$index::{$grid['job_id']}",
            'call' => static fn (array $options) => ['mj_action', $grid['id'], "upscale$index", $options],
        ];
    }

    /** @param array<string, mixed> $config */
    private static function killOwner(Fpm $fpm, array $config): bool
    {
        $status = $fpm->calls([['configured', $config, 'mj_status']])[0];
        $pid = is_array($status) ? ($status['owner']['pid'] ?? null) : null;

        return is_int($pid) && in_array($pid, $fpm->workerPids(), true) && posix_kill($pid, SIGKILL);
    }

    /**
     * @param  array<string, mixed>  $config
     * @param  array<int, string>    $ids
     * @return array<int, array<string, mixed>> tasks that have ended
     */
    private static function ended(Fpm $fpm, array $config, array $ids): array
    {
        $ended = [];
        foreach (array_chunk($ids, 100, true) as $chunk) {
            $tasks = $fpm->calls([['configured', $config, 'mj_poll_many', array_values($chunk)]])[0];
            foreach (is_array($tasks) ? $chunk : [] as $key => $id) {
                self::assertNotNull($tasks[$id], "task $id was lost");
                if (in_array($tasks[$id]['status'], ['SUCCESS', 'FAILURE', 'CANCEL'], true)) {
                    $ended[$key] = $tasks[$id];
                }
            }
        }

        return $ended;
    }

    /**
     * Compares what PHP was told with what the simulator did.
     *
     * @param  array<int, array<string, mixed>> $wanted
     * @param  array<int, array<string, mixed>> $tasks
     * @param  list<array<string, mixed>>       $jobs
     * @return int how many pictures there are
     */
    private static function compare(array $wanted, array $tasks, array $jobs): int
    {
        // An imagine is known by its seed, a press by the button: the grid's job and the index.
        $made = [];
        foreach ($jobs as $job) {
            $made[$job['custom_id'] ?? Prompt::seed($job['prompt'])][] = $job;
        }
        $pictures = 0;
        foreach ($tasks as $key => $task) {
            $mine = $made[$wanted[$key]['custom_id'] ?? $task['seed']] ?? [];
            $says = json_encode($task);
            self::assertLessThanOrEqual(1, count($mine), "submitted twice: $says");
            if ($task['status'] !== 'SUCCESS') {
                self::assertSame(['FAILURE', 'SUBMIT_UNCONFIRMED'], [$task['status'], $task['fail_code']], $says);
                self::assertSame([], $mine, "a picture that PHP was not given: $says");
                continue;
            }
            ++$pictures;
            self::assertCount(1, $mine, "a picture that nobody made: $says");
            self::assertSame($mine[0]['job_id'], $task['job_id'], "another task's job: $says");
            self::assertSame(
                parse_url($mine[0]['picture_url'], PHP_URL_PATH),
                parse_url($task['images'][0]['url'], PHP_URL_PATH),
                "another task's picture: $says",
            );
        }
        self::assertCount(count($tasks), $jobs, 'as many jobs as tasks');

        return $pictures;
    }
}
