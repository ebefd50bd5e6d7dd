<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

use Mj\Tests\Process\Until;
use PHPUnit\Framework\TestCase;

/** What a site is told of its tasks. */
final class WebhookTest extends TestCase
{
    public function testAPostIsWhatMjPollShows(): void
    {
        $receiver = new Receiver();
        $hub = new Hub(['gateway' => 'both', 'notify_url' => $receiver->url, 'notify_secret' => 'a secret']);
        $task = $hub->picture('a lighthouse — 灯塔 "quoted" --ar 3:2', ['state' => 'order/7']);
        $posts = $receiver->all($task['id']);

        self::assertSame('SUCCESS', $task['status'], (string) $task['fail_reason']);
        self::assertSame($task, end($posts)['task']);
        self::assertNotSame([], $task['buttons']);
        $revisions = array_column(array_column($posts, 'task'), 'revision');
        self::assertSame($revisions, array_unique($revisions));
        $sorted = $revisions;
        sort($sorted);
        self::assertSame($sorted, $revisions);
        foreach ($posts as $post) {
            self::assertSame('POST /hook?shop=1 HTTP/1.1', $post['line']);
            self::assertSame('application/json', $post['headers']['content-type']);
            self::assertSame("{$task['id']}:{$post['task']['revision']}", $post['headers']['x-mj-delivery']);
            $timestamp = $post['headers']['x-mj-timestamp'];
            self::assertEqualsWithDelta(time(), (int) $timestamp, 60);
            self::assertSame(
                'sha256=' . hash_hmac('sha256', "$timestamp.{$post['body']}", 'a secret'),
                $post['headers']['x-mj-signature'],
            );
        }
        Until::true(
            static fn () => $hub->call('mj_status')['webhooks'] === ['pending' => 0, 'failed' => 0],
            60.0,
        );
    }

    public function testARefusedPromptIsToldAsItIs(): void
    {
        $receiver = new Receiver();
        $hub = new Hub(['gateway' => 'both', 'notify_url' => $receiver->url]);
        $task = $hub->picture('simulate:banned');
        $posts = $receiver->all($task['id']);

        self::assertSame('FAILURE', $task['status']);
        self::assertSame($task, end($posts)['task']);
        self::assertArrayNotHasKey('x-mj-signature', $posts[0]['headers']);
    }

    public function testATaskMayHaveAnAddressOfItsOwn(): void
    {
        $receiver = new Receiver();
        $own = new Receiver();
        $hub = new Hub(['gateway' => 'user', 'notify_url' => $receiver->url]);
        $first = $hub->call('mj_imagine', 'a cat', ['notify_url' => $own->url]);
        $second = $hub->call('mj_imagine', 'a dog');

        self::assertSame('SUCCESS', array_slice($own->all($first), -1)[0]['task']['status']);
        do {
            $post = $receiver->next();
            self::assertSame($second, $post['task']['id'], 'the other one has its own');
        } while ($post['task']['finished_at'] === null);
    }

    public function testAFailureIsTriedAgain(): void
    {
        $receiver = new Receiver([500, 404]);
        $hub = new Hub(['gateway' => 'both', 'notify_url' => $receiver->url]);
        $task = $hub->picture('a cat');
        $posts = [$receiver->next(), $receiver->next()];
        do {
            $posts[] = $receiver->next();
        } while (end($posts)['task']['finished_at'] === null);

        self::assertSame('SUCCESS', $task['status'], (string) $task['fail_reason']);
        self::assertSame($task, end($posts)['task']);
        self::assertSame([$task['id']], array_values(array_unique(array_column(array_column($posts, 'task'), 'id'))));
        self::assertGreaterThanOrEqual(
            $posts[0]['headers']['x-mj-timestamp'] + 2,
            (int) $posts[2]['headers']['x-mj-timestamp'],
        );
    }

    public function testAWaitingProcessTellsBeforeItEnds(): void
    {
        $receiver = new Receiver();
        $hub = new Hub(['gateway' => 'user', 'notify_url' => $receiver->url], owned: false);
        $task = $hub->run('return mj_wait(mj_imagine("a picture without a daemon"), 60.0);');

        self::assertSame($task, array_slice($receiver->all($task['id']), -1)[0]['task']);
    }
}
