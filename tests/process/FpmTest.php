<?php

declare(strict_types=1);

namespace Mj\Tests\Process;

use PHPUnit\Framework\TestCase;

/** The main job through a real php-fpm: one gateway whatever the pool, and a result whatever dies. */
final class FpmTest extends TestCase
{
    /** @return array<string, array{array<string, string>, bool}> */
    public function pools(): array
    {
        return [
            'static' => [[], false],
            'static, daemonized' => [[], true],
            'dynamic' => [['pm' => 'dynamic', 'pm.start_servers' => '3', 'pm.min_spare_servers' => '2', 'pm.max_spare_servers' => '4'], false],
            'dynamic, daemonized' => [['pm' => 'dynamic', 'pm.start_servers' => '3', 'pm.min_spare_servers' => '2', 'pm.max_spare_servers' => '4'], true],
        ];
    }

    /**
     * @dataProvider pools
     *
     * @param array<string, string> $pool
     */
    public function testManyWorkersHoldOneGateway(array $pool, bool $daemonize): void
    {
        $simulator = new Simulator(['--speed', '50']);
        $state = new StateDirectory();
        $fpm = new Fpm(['mj.state_dir' => $state->path] + $simulator->ini(['gateway' => 'user']), 8, $pool, $daemonize);

        $ids = $fpm->calls(array_map(static fn (int $i) => ['mj_imagine', "picture $i"], range(1, 12)));
        self::assertContainsOnly('string', $ids);
        foreach ($ids as $id) {
            self::assertSame('SUCCESS', self::finished($fpm, $id)['status']);
        }
        $record = $simulator->record();
        self::assertSame(1, $record['most_open_connections']);
        self::assertSame(1, $record['identifies']);
        self::assertCount(12, $simulator->jobs());
    }

    public function testStreamsForEventLoopsEndWithTheirRequests(): void
    {
        $simulator = new Simulator();
        $state = new StateDirectory();
        $fpm = new Fpm(['mj.state_dir' => $state->path, 'mj.role' => 'never'] + $simulator->ini(), 2);

        for ($round = 0; $round < 10; ++$round) {
            $answers = $fpm->calls(array_map(static fn (int $number) => ['watched', "picture $round $number"], range(1, 4)));
            foreach ($answers as [$count, $read, $threads]) {
                self::assertSame([1, "\n"], [$count, $read]);
                self::assertLessThanOrEqual(2, $threads);
            }
        }
        Until::true(static fn () => array_unique($fpm->calls(array_fill(0, 4, ['threads']))) === [1], 20.0);
        $starved = $fpm->call('starved', 'mj_watch');
        self::assertSame('Mj\EngineException', $starved['exception'], json_encode($starved));
        self::assertStringStartsWith('no stream: ', $starved['message']);
    }

    public function testAnotherWorkerTakesOverWhenTheOwnerIsKilled(): void
    {
        $simulator = new Simulator(['--speed', '5']);
        $state = new StateDirectory();
        $fpm = new Fpm(['mj.state_dir' => $state->path] + $simulator->ini(['gateway' => 'user']), 4);

        $id = $fpm->call('mj_imagine', 'a cat');
        Until::true(static fn () => $fpm->call('mj_poll', $id)['status'] === 'IN_PROGRESS', 60.0);
        $owner = $fpm->call('mj_status')['owner']['pid'];
        self::assertContains($owner, $fpm->workerPids());
        posix_kill($owner, SIGKILL);

        $task = self::finished($fpm, $id);
        self::assertSame('SUCCESS', $task['status']);
        self::assertNotSame($owner, $fpm->call('mj_status')['owner']['pid']);
        $record = $simulator->record();
        self::assertCount(1, $simulator->jobs());
        self::assertSame($simulator->jobs()[0]['job_id'], $task['job_id']);
        self::assertSame(1, $record['identifies'], 'the session was resumed');
    }

    public function testAPollBringsTheResultAfterNobodyWasAlive(): void
    {
        $simulator = new Simulator(['--speed', '20']);
        $state = new StateDirectory();
        $fpm = new Fpm(['mj.state_dir' => $state->path] + $simulator->ini(['gateway' => 'user']), 4, ['pm' => 'ondemand', 'pm.process_idle_timeout' => '1s']);

        $id = $fpm->call('mj_imagine', 'a cat');
        Until::true(static fn () => count($simulator->jobs()) === 1, 60.0);
        foreach ($fpm->workerPids() as $pid) {
            posix_kill($pid, SIGKILL);
        }
        Until::true(static fn () => ($simulator->jobs()[0]['final_message_id'] ?? null) !== null, 60.0);
        Until::true(static fn () => $fpm->workerPids() === [], 60.0);

        self::assertSame('SUCCESS', self::finished($fpm, $id)['status']);
        self::assertCount(1, $simulator->jobs());
    }

    public function testAReloadLosesNothing(): void
    {
        $simulator = new Simulator(['--speed', '10']);
        $state = new StateDirectory();
        $fpm = new Fpm(['mj.state_dir' => $state->path] + $simulator->ini(['gateway' => 'user']), 4);

        $ids = $fpm->calls(array_map(static fn (int $i) => ['mj_imagine', "picture $i"], range(1, 6)));
        Until::true(static fn () => $simulator->jobs() !== [], 60.0);
        $fpm->signal(SIGUSR2);
        Until::true(static fn () => is_int($fpm->calls([['pid']])[0]), 60.0);

        foreach ($ids as $id) {
            self::assertSame('SUCCESS', self::finished($fpm, $id)['status']);
        }
        self::assertCount(6, $simulator->jobs());
    }

    public function testMaxRequestsRecyclesTheOwner(): void
    {
        $simulator = new Simulator(['--speed', '20']);
        $state = new StateDirectory();
        $fpm = new Fpm(['mj.state_dir' => $state->path] + $simulator->ini(['gateway' => 'user']), 3, ['pm.max_requests' => '20']);

        $ids = $fpm->calls(array_map(static fn (int $i) => ['mj_imagine', "picture $i"], range(1, 6)));
        foreach ($ids as $id) {
            self::assertSame('SUCCESS', self::finished($fpm, $id)['status']);
        }
        self::assertCount(6, $simulator->jobs());
        self::assertGreaterThan(0, $simulator->record()['resumes'], 'there was more than one owner');
        self::assertSame(1, $simulator->record()['identifies'], 'each owner resumed the session of the one before');
        self::assertLessThan(100, $simulator->overlap(), 'milliseconds in which two owners were connected');
    }

    /** @return array<string, mixed> */
    public static function finished(Fpm $fpm, string $id, float $seconds = 40.0): array
    {
        $task = null;
        Until::true(static function () use ($fpm, $id, &$task): bool {
            $answer = $fpm->calls([['mj_poll', $id]])[0];
            $task = is_array($answer) ? $answer : $task;

            return in_array($task['status'] ?? '', ['SUCCESS', 'FAILURE', 'CANCEL'], true);
        }, $seconds, static fn () => "task $id did not end: " . json_encode($task));

        return $task;
    }
}
