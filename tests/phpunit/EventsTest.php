<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

use PHPUnit\Framework\TestCase;

/** The durable feed of changes. */
final class EventsTest extends TestCase
{
    public function testEveryChangeIsSeenOnceByEachConsumer(): void
    {
        $hub = new Hub(['gateway' => 'both']);
        $id = $hub->call('mj_imagine', 'a lighthouse');
        foreach (['shop', 'audit'] as $consumer) {
            $revision = 0;
            do {
                $events = $hub->call('mj_events', $consumer, 2, 20.0);
                self::assertNotSame([], $events);
                foreach ($events as ['cursor' => $cursor, 'task' => $task]) {
                    self::assertSame($id, $task['id']);
                    self::assertGreaterThanOrEqual($revision, $task['revision']);
                    $revision = $task['revision'];
                }
                $hub->call('mj_ack', $consumer, $cursor);
            } while ($task['status'] !== 'SUCCESS');
            self::assertSame($hub->call('mj_poll', $id), $task);
        }
    }

    public function testWhatIsNotAcknowledgedComesAgain(): void
    {
        $hub = new Hub(['gateway' => 'user']);
        $hub->picture('a cat');
        $events = $hub->call('mj_events', 'shop');

        self::assertGreaterThan(2, count($events));
        self::assertSame($events, $hub->call('mj_events', 'shop'));
        $hub->call('mj_ack', 'shop', $events[1]['cursor']);
        $hub->call('mj_ack', 'shop', $events[0]['cursor']);
        self::assertSame(array_slice($events, 2), $hub->call('mj_events', 'shop'));
        self::assertSame($events, $hub->call('mj_events', 'another'));
    }

    public function testAWaitEndsWithTheNextChange(): void
    {
        $hub = new Hub(['gateway' => 'user']);
        [$before, $took, $events] = $hub->run(<<<'PHP'
            $before = mj_events('shop', wait: 0.2);
            $began = hrtime(true);
            $pid = pcntl_fork();
            if ($pid === 0) {
                usleep(300_000);
                mj_imagine('a cat');
                posix_kill(getmypid(), SIGKILL);
            }
            $events = mj_events('shop', wait: 30.0);
            pcntl_waitpid($pid, $status);
            return [$before, (hrtime(true) - $began) / 1e9, $events];
            PHP);

        self::assertSame([], $before);
        self::assertSame('a cat', $events[0]['task']['prompt']);
        self::assertGreaterThan(0.2, $took);
        self::assertLessThan(20.0, $took);
    }
}
