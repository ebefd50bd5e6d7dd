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
        $config = $simulator->config(['gateway' => $gateway, 'timeout' => 300]);

        $wanted = self::wanted($count, $simulator->accountNames());
        $ids = [];
        $kills = 0;
        $nextKill = microtime(true) + 1.0;
        $until = microtime(true) + 240.0;
        $open = [];
        do {
            // Submit what is not submitted yet, eight at a time; an answer that was lost with its worker is asked for again
            // with the same idempotency key.
            $batch = array_slice(array_diff_key($wanted, $ids), 0, 8, true);
            $answers = $fpm->calls(array_map(
                static fn (array $one) => ['configured', $config, 'mj_imagine', $one['prompt'], ['account' => $one['account'], 'idempotency_key' => $one['key']]],
                $batch,
            ));
            foreach ($answers as $key => $id) {
                if (is_string($id)) {
                    $ids[$key] = $id;
                }
            }
            if (microtime(true) > $nextKill && self::killOwner($fpm, $config)) {
                ++$kills;
                $nextKill = microtime(true) + mt_rand(500, 2500) / 1000;
            }
            $open = self::open($fpm, $config, array_values($ids));
            if ($batch === []) {
                usleep(100_000);
            }
        } while ((count($ids) < $count || $open !== []) && microtime(true) < $until);

        self::assertCount($count, $ids, 'every submission was answered');
        $tasks = [];
        foreach (array_chunk($ids, 100, true) as $chunk) {
            foreach ($fpm->call('configured', $config, 'mj_poll_many', array_values($chunk)) as $id => $task) {
                $tasks[$id] = $task;
            }
        }
        $this->compare($tasks, $simulator->jobs(), $gateway);
        self::assertGreaterThan(2, $kills, 'owners were killed');
        self::assertCount($count, $tasks, 'no task was lost');
    }

    /**
     * A third with the same words, a third with links that Midjourney rewrites, a third of their own.
     *
     * @param  list<string>                                               $accounts
     * @return array<int, array{prompt: string, account: string, key: string}>
     */
    private static function wanted(int $count, array $accounts): array
    {
        $wanted = [];
        for ($i = 0; $i < $count; ++$i) {
            $wanted[$i] = [
                'prompt' => match ($i % 3) {
                    0 => 'the same words for all',
                    1 => "https://example.com/pictures/$i.png a copy of this --ar 3:2",
                    2 => "a picture of its own, number $i",
                },
                'account' => $accounts[$i % count($accounts)],
                'key' => "chaos-$i",
            ];
        }

        return $wanted;
    }

    /** @param array<string, mixed> $config */
    private static function killOwner(Fpm $fpm, array $config): bool
    {
        $status = $fpm->calls([['configured', $config, 'mj_status']])[0];
        $pid = is_array($status) ? ($status['owner']['pid'] ?? null) : null;

        return is_int($pid) && in_array($pid, $fpm->workerPids(), true) && posix_kill($pid, SIGKILL);
    }

    /**
     * @param  array<string, mixed> $config
     * @param  list<string>         $ids
     * @return list<string>         those that have not ended
     */
    private static function open(Fpm $fpm, array $config, array $ids): array
    {
        $open = [];
        foreach (array_chunk($ids, 100) as $chunk) {
            $tasks = $fpm->calls([['configured', $config, 'mj_poll_many', $chunk]])[0];
            foreach ($chunk as $id) {
                if (!is_array($tasks) || !in_array($tasks[$id]['status'] ?? '', ['SUCCESS', 'FAILURE', 'CANCEL'], true)) {
                    $open[] = $id;
                }
            }
        }

        return $open;
    }

    /**
     * Compares what PHP was told with what the simulator did.
     *
     * @param array<string, array<string, mixed>> $tasks
     * @param list<array<string, mixed>>          $all
     */
    private function compare(array $tasks, array $all, string $gateway): void
    {
        $jobs = [];
        foreach ($all as $job) {
            $jobs[Prompt::seed($job['prompt'])][] = $job;
        }
        $success = $unconfirmed = 0;
        foreach ($tasks as $id => $task) {
            $made = $jobs[$task['seed']] ?? [];
            self::assertLessThanOrEqual(1, count($made), "task $id was submitted twice");
            if ($task['status'] === 'SUCCESS') {
                ++$success;
                self::assertCount(1, $made, "task $id has a picture that the simulator did not make");
                self::assertSame($made[0]['job_id'], $task['job_id'], "task $id has another task's job");
                self::assertSame(parse_url($made[0]['picture_url'], PHP_URL_PATH), parse_url($task['images'][0]['url'], PHP_URL_PATH), "task $id has another task's picture");
            } else {
                self::assertSame(['FAILURE', 'SUBMIT_UNCONFIRMED'], [$task['status'], $task['fail_code']], "task $id: " . json_encode($task));
                self::assertSame([], $made, "task $id has a picture that PHP was not given");
                ++$unconfirmed;
            }
        }
        fwrite(STDERR, sprintf("\n%s gateway: %d tasks, %d pictures, %d unconfirmed\n", $gateway, count($tasks), $success, $unconfirmed));
    }
}
