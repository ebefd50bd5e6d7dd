<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

use PHPUnit\Framework\TestCase;

/** Polling, listing, cancelling, and what the status tells. */
final class ReadTest extends TestCase
{
    public function testManyTasksComeInOneReading(): void
    {
        $hub = new Hub(['gateway' => 'both', 'spacing' => '50ms']);
        $ids = array_map(static fn (string $prompt) => $hub->call('mj_imagine', $prompt), ['a cat', 'a dog', 'a bird']);
        foreach ($ids as $id) {
            $hub->ended($id);
        }
        $tasks = $hub->call('mj_poll_many', [...$ids, 'unknown']);

        self::assertSame([...$ids, 'unknown'], array_keys($tasks));
        self::assertSame(['a cat', 'a dog', 'a bird'], array_column(array_filter($tasks), 'prompt'));
        self::assertNull($tasks['unknown']);

        $listed = $hub->call('mj_tasks', ['status' => 'SUCCESS'], 2);
        self::assertSame(['a bird', 'a dog'], array_column($listed['tasks'], 'prompt'));
        $rest = $hub->call('mj_tasks', ['status' => 'SUCCESS'], 2, $listed['cursor']);
        self::assertSame(['a cat'], array_column($rest['tasks'], 'prompt'));
        self::assertNull($rest['cursor']);
    }

    public function testWaitEndsAtItsTimeOut(): void
    {
        $hub = new Hub(['gateway' => 'both']);
        $hub->simulator->control('config', ['set' => ['hold_finals' => true]]);
        $id = $hub->call('mj_imagine', 'never ready');
        [$task, $seconds] = $hub->run('$start = microtime(true); $task = mj_wait($data, 0.5); return [$task, microtime(true) - $start];', $id);

        self::assertNotContains($task['status'], ['SUCCESS', 'FAILURE', 'CANCEL']);
        self::assertGreaterThanOrEqual(0.45, $seconds);
        self::assertLessThan(10.0, $seconds);
    }

    public function testRunningJobIsCancelled(): void
    {
        $hub = new Hub(['gateway' => 'user']);
        $hub->simulator->control('config', ['set' => ['hold_finals' => true]]);
        $id = $hub->call('mj_imagine', 'never mind');
        $hub->until($id, static fn (array $task) => $task['status'] === 'IN_PROGRESS');

        self::assertTrue($hub->call('mj_cancel', $id));
        $task = $hub->until($id, static fn (array $task) => $task['finished_at'] !== null);
        self::assertSame('CANCEL', $task['status']);
        self::assertFalse($hub->call('mj_cancel', $id));
    }

    public function testImageUrlsHaveTheImageDomain(): void
    {
        $hub = new Hub(['gateway' => 'both']);
        $domain = $hub->simulator->says['cdn_url'];
        $task = $hub->picture('a picture with an address');

        self::assertStringStartsWith($domain, $task['image_url']);
        self::assertSame(
            "$domain/attachments/1/2/a.png?ex=1&is=2&hm=3&",
            $hub->call('mj_image_url', 'https://cdn.discordapp.com/attachments/1/2/a.png?ex=1&is=2&hm=3&'),
        );
        self::assertSame(200, self::fetched($task['image_url']));
    }

    public function testStatusTellsOwnerAndQueueWithoutSecrets(): void
    {
        $hub = new Hub(['gateway' => 'both']);
        $hub->picture('a picture of nothing to hide');
        $status = $hub->call('mj_status');
        $shown = (string) json_encode($status);

        self::assertSame([
            'version', 'state_dir', 'pid', 'sapi', 'grade', 'has_engine', 'configuration', 'hub', 'owner', 'gateway', 'log', 'network', 'queue', 'accounts', 'webhooks',
            'counters', 'hubs', 'incidents',
        ], array_keys($status));
        self::assertSame(['pid', 'epoch', 'grade', 'alive', 'since', 'until'], array_keys($status['owner']));
        self::assertSame(['mode', 'bot', 'user', 'message_content_missing', 'seen_at'], array_keys($status['gateway']));
        self::assertSame('both', $status['gateway']['mode']);
        self::assertSame(1, $status['queue']['SUCCESS']);
        self::assertSame(0, $status['queue']['in_doubt']);
        self::assertSame(['main', 'usable'], [$status['accounts'][0]['name'], $status['accounts'][0]['state']]);
        self::assertSame($hub->simulator->says['user_id'], $status['accounts'][0]['user_id']);
        self::assertIsInt($status['counters']['succeeded']);
        self::assertSame([$status['hub']], array_column($status['hubs'], 'id'));
        self::assertSame($status['owner']['pid'], $status['hubs'][0]['owner']['pid']);
        self::assertSame([], $status['incidents']);
        self::assertStringNotContainsString($hub->simulator->says['user_token'], $shown);
        self::assertStringNotContainsString($hub->simulator->says['bot_token'], $shown);
        self::assertStringNotContainsString('nothing to hide', $shown);
    }

    private static function fetched(string $url): int
    {
        file_get_contents($url, false, stream_context_create(['http' => ['ignore_errors' => true]]));

        return (int) explode(' ', $http_response_header[0])[1];
    }
}
