<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

use Mj\Tests\Process\Cli;
use Mj\Tests\Process\Simulator;
use Mj\Tests\Process\StateDirectory;
use PHPUnit\Framework\TestCase;

/** `mj_watch()`: whoever waits for the stream hears of every change, and of nothing else. */
final class WatchTest extends TestCase
{
    /** `$readable($stream, $seconds)`, and `$rounds($stream, $until)`: how often it woke until that was true. */
    private const SELECT = <<<'PHP'
        $readable = static function ($stream, float $seconds): bool {
            $read = [$stream];
            $write = $except = null;
            return stream_select($read, $write, $except, (int) $seconds, (int) (fmod($seconds, 1) * 1e6)) === 1;
        };
        $rounds = static function ($stream, callable $until) use ($readable): int {
            for ($count = 0; !$until(); ++$count) {
                if (!$readable($stream, 60.0)) {
                    throw new RuntimeException("nothing for a minute, after $count times");
                }
                fread($stream, 1);
            }
            return $count;
        };
        PHP;

    public function testAChangeInAnotherProcessWakesWithinASecond(): void
    {
        $hub = new Hub(['role' => 'never'], owned: false);
        [$before, $times] = $hub->run(self::SELECT . <<<'PHP'
            $stream = mj_watch();
            fread($stream, 1);
            $before = $readable($stream, 0.2);
            $times = [];
            for ($number = 0; $number < 5; ++$number) {
                $pid = pcntl_fork();
                if ($pid === 0) {
                    usleep(50_000);
                    $began = hrtime(true);
                    mj_imagine("$began", ['state' => 'timed']);
                    posix_kill(getmypid(), SIGKILL);
                }
                $readable($stream, 20.0);
                $ended = hrtime(true);
                fread($stream, 1);
                pcntl_waitpid($pid, $status);
                $times[] = ($ended - (int) mj_tasks(['state' => 'timed'], 1)['tasks'][0]['prompt']) / 1e9;
            }
            return [$before, $times];
            PHP);

        self::assertFalse($before);
        self::assertGreaterThan(0.0, min($times));
        // On a machine that has much to do one may be late.
        sort($times);
        self::assertLessThan(1.0, $times[3], json_encode($times));
    }

    public function testATaskIsFollowedToItsEndWithoutPolling(): void
    {
        $hub = new Hub(['gateway' => 'user']);
        [$wakes, $task, $idle, $switches] = $hub->run(self::SELECT . <<<'PHP'
            $stream = mj_watch();
            $id = mj_imagine('a lighthouse');
            $task = mj_poll($id);
            $wakes = $rounds($stream, static function () use ($id, &$task): bool {
                $task = mj_poll($id);
                return $task['status'] === 'SUCCESS';
            });
            // The owner goes on with its lease, its status and its heartbeats: none of them is a change.
            while ($readable($stream, 1.0)) {
                fread($stream, 1);
            }
            $switches = static fn (): int => getrusage()['ru_nvcsw'];
            $before = $switches();
            $idle = $readable($stream, 5.0);
            return [$wakes, $task, $idle, $switches() - $before];
            PHP);

        self::assertSame('SUCCESS', $task['status']);
        self::assertLessThanOrEqual($task['revision'] + 2, $wakes, 'one for each change at most');
        self::assertFalse($idle);
        self::assertLessThan(30, $switches, 'a look every second, and no polling');
    }

    public function testAHundredChangesAreNotAHundredWakesAndNoneIsMissed(): void
    {
        $hub = new Hub(['role' => 'never'], owned: false);
        [$once, $seen, $wakes] = $hub->run(self::SELECT . <<<'PHP'
            $stream = mj_watch();
            fread($stream, 1);
            foreach (range(1, 100) as $number) {
                mj_imagine("picture $number");
            }
            // The thread behind the stream may look once more when it was read already, on a machine that is slow.
            $once = [];
            while ($readable($stream, count($once) === 0 ? 20.0 : 0.5)) {
                $once[] = fread($stream, 8192);
            }
            $pid = pcntl_fork();
            if ($pid === 0) {
                foreach (range(101, 200) as $number) {
                    mj_imagine("picture $number");
                }
                posix_kill(getmypid(), SIGKILL);
            }
            $seen = [];
            $wakes = $rounds($stream, static function () use (&$seen): bool {
                foreach (mj_events('shop', 1000) as ['cursor' => $cursor, 'task' => $task]) {
                    $seen[] = $task['prompt'];
                    mj_ack('shop', $cursor);
                }
                return count($seen) >= 200;
            });
            pcntl_waitpid($pid, $status);
            return [$once, $seen, $wakes];
            PHP);

        self::assertSame(["\n"], array_unique($once));
        self::assertLessThanOrEqual(2, count($once), 'wakes for all of them');
        self::assertSame(array_map(static fn (int $number) => "picture $number", range(1, 200)), $seen);
        self::assertLessThanOrEqual(100, $wakes);
    }

    public function testAChangeThatNobodyRangIsFoundAllTheSame(): void
    {
        $hub = new Hub(['role' => 'never'], owned: false);
        $took = $hub->run(self::SELECT . <<<'PHP'
            $stream = mj_watch();
            mj_imagine('a cat');
            $readable($stream, 20.0);
            fread($stream, 1);
            // What a writer leaves behind that is killed before it rings.
            $began = hrtime(true);
            exec(escapeshellarg(PHP_BINARY) . ' -r ' . escapeshellarg('(new PDO("sqlite:' . mj_status()['state_dir'] . '/store.sqlite"))->exec("UPDATE sequence SET value = value + 1");'), $said, $exit);
            return $exit === 0 && $readable($stream, 20.0) ? (hrtime(true) - $began) / 1e9 : implode($said);
            PHP);

        self::assertIsFloat($took, "$took");
        self::assertLessThan(10.0, $took);
    }

    public function testWhoWatchesTakesOverFromAnOwnerThatDied(): void
    {
        $simulator = new Simulator(['--speed', '50']);
        $simulator->control('config', ['set' => ['hold_finals' => true]]);
        $state = new StateDirectory();
        $ini = ['mj.state_dir' => $state->path, 'mj.shutdown_grace' => '1'];
        $config = $simulator->config(['gateway' => 'user', 'spacing' => '20ms']);
        $owner = new Cli('mj_configure($data); $id = mj_imagine("a cat"); echo "$id\n"; mj_serve(300);', $ini, $config);
        $id = $owner->line();
        // It makes no call of ours between its first look and the end: the stream alone keeps it in the game.
        $watcher = new Cli(self::SELECT . <<<'PHP'
            mj_configure($data['config']);
            $stream = mj_watch();
            $task = mj_poll($data['id']);
            $rounds($stream, static function () use (&$task, $data): bool {
                $task = mj_poll($data['id']);
                return $task['status'] === 'IN_PROGRESS';
            });
            echo "at work\n";
            $rounds($stream, static function () use (&$task, $data): bool {
                $task = mj_poll($data['id']);
                return $task['status'] === 'SUCCESS';
            });
            echo mj_status()['owner']['pid'], "\n";
            PHP, $ini, ['config' => $config, 'id' => $id]);
        self::assertSame('at work', $watcher->line());
        $owner->signal(SIGKILL);
        $simulator->control('release');

        self::assertSame((string) $watcher->pid(), $watcher->line());
    }

    public function testAProcessThatWatchesEndsAtOnce(): void
    {
        $state = new StateDirectory();
        $simulator = new Simulator();
        $config = $simulator->config(['role' => 'never']);
        $began = hrtime(true);
        $said = Cli::run(
            'mj_configure($data); $stream = mj_watch(); mj_imagine("a cat"); register_shutdown_function(static fn () => print "end");',
            ['mj.state_dir' => $state->path],
            $config,
        );
        self::assertSame('end', $said);
        self::assertLessThan(10.0, (hrtime(true) - $began) / 1e9);
    }
}
