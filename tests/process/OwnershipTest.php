<?php

declare(strict_types=1);

namespace Mj\Tests\Process;

use PHPUnit\Framework\TestCase;

/** Owners that are stopped, hubs beside each other, and hands on the database files. */
final class OwnershipTest extends TestCase
{
    public function testAStoppedOwnerIsDeposedAndSendsNothing(): void
    {
        $simulator = new Simulator(['--speed', '5']);
        $state = new StateDirectory();
        $fpm = new Fpm(['mj.state_dir' => $state->path] + $simulator->ini(['gateway' => 'user']), 4);

        $first = $fpm->call('mj_imagine', 'before the stop');
        Until::true(static fn () => $fpm->call('mj_poll', $first)['status'] === 'IN_PROGRESS', 60.0);
        $owner = $fpm->call('mj_status')['owner'];
        posix_kill($owner['pid'], SIGSTOP);
        try {
            // A stopped worker may have taken a request: ask until another one answers.
            $second = null;
            Until::true(static function () use ($fpm, &$second): bool {
                $second = $fpm->calls([['mj_imagine', 'while it is stopped', ['idempotency_key' => 'second']]], 2.0)[0];

                return is_string($second);
            }, 30.0);
            Until::true(static function () use ($fpm, $owner): bool {
                $status = $fpm->calls([['mj_status']], 2.0)[0];

                return is_array($status) && ($status['owner']['epoch'] ?? 0) > $owner['epoch'];
            }, 30.0, static fn () => 'nobody took over from a stopped owner');
            Until::true(static fn () => ($fpm->calls([['mj_poll', $second]], 2.0)[0]['status'] ?? '') === 'SUCCESS', 30.0);
        } finally {
            posix_kill($owner['pid'], SIGCONT);
        }
        self::assertSame('SUCCESS', FpmTest::finished($fpm, $first)['status']);
        $third = $fpm->call('mj_imagine', 'after it went on');
        self::assertSame('SUCCESS', FpmTest::finished($fpm, $third)['status']);
        self::assertGreaterThan($owner['epoch'], $fpm->call('mj_status')['owner']['epoch']);
        self::assertCount(3, $simulator->jobs());
    }

    public function testTwoHubsInOneDirectoryAndAFlippingConfigurationIdentifyOnceEach(): void
    {
        $simulator = new Simulator(['--speed', '50', '--accounts', '2']);
        $state = new StateDirectory();
        $fpm = new Fpm(['mj.state_dir' => $state->path], 4);
        $one = $simulator->config(['gateway' => 'user', 'accounts' => null]);
        $other = ['user_token' => $simulator->says['accounts'][1]['user_token']] + $one;

        $ids = [];
        for ($i = 0; $i < 30; ++$i) {
            $ids[] = [$i % 2 ? $other : $one, $fpm->call('configured', $i % 2 ? $other : $one, 'mj_imagine', "picture $i")];
        }
        foreach ($ids as [$config, $id]) {
            Until::true(static fn () => $fpm->call('configured', $config, 'mj_poll', $id)['status'] === 'SUCCESS', 60.0);
        }
        $record = $simulator->record();
        self::assertSame(2, $record['identifies']);
        self::assertCount(30, $simulator->jobs());
    }

    public function testHandsOnTheDatabaseFilesLoseNothing(): void
    {
        $simulator = new Simulator(['--speed', '50', '--accounts', '4']);
        $state = new StateDirectory();
        $fpm = new Fpm(['mj.state_dir' => $state->path], 4, [], false, ['pdo', 'pdo_sqlite']);
        $config = $simulator->config(['gateway' => 'user']);
        $accounts = $simulator->accountNames();

        $ids = [];
        for ($i = 0; $i < 40; ++$i) {
            $answers = $fpm->calls([
                ['configured', $config, 'mj_imagine', "picture $i", ['account' => $accounts[$i % 4]]],
                ['configured', $config, 'md5_all', $state->path . '/*'],
                ['configured', $config, 'pdo_read', $state->path],
            ]);
            self::assertIsString($answers[0]);
            self::assertIsArray($answers[1], json_encode($answers));
            self::assertIsArray($answers[2], json_encode($answers));
            $ids[] = $answers[0];
        }
        foreach ($ids as $id) {
            $task = null;
            Until::true(static function () use ($fpm, $config, $id, &$task): bool {
                $task = $fpm->call('configured', $config, 'mj_poll', $id);

                return ($task['status'] ?? '') === 'SUCCESS';
            }, 60.0, static fn () => json_encode($task));
        }
        self::assertCount(40, $simulator->jobs());
    }
}
