<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

use Mj\Tests\Process\Until;
use PHPUnit\Framework\TestCase;

/** Tasks that each bring a token out of a pool of keys, as ChatMoney's do. */
final class KeyPoolTest extends TestCase
{
    /** Nothing is configured of an account, so `mj.concurrency` is all that limits a key. */
    public function testAKeyRunsAsManyJobsAsIsSetAlsoWhenThatIsChanged(): void
    {
        $hub = self::hub(['concurrency' => 1]);
        $hub->simulator->control('config', ['set' => ['hold_finals' => true]]);
        $keys = array_slice($hub->simulator->says['accounts'], 0, 4);
        $ids = [];
        foreach ([0, 1] as $key) {
            foreach (['a boat', 'a ship', 'a raft', 'a canoe'] as $prompt) {
                $ids[] = self::submitted($hub, $keys[$key], $prompt);
            }
        }
        self::awaitJobs($hub, $keys, [1, 1, 0, 0]);
        // That this one runs proves that the queue was looked at again, and that the others' wait is no delay.
        $ids[] = self::submitted($hub, $keys[2], 'a kayak');
        self::awaitJobs($hub, $keys, [1, 1, 1, 0]);

        $hub->configure(['concurrency' => 2]);
        // Of the two keys that wait only one is heard of again: the setting is everybody's.
        $ids[] = self::submitted($hub, $keys[0], 'a ferry');
        self::awaitJobs($hub, $keys, [2, 2, 1, 0]);
        $ids[] = self::submitted($hub, $keys[3], 'a barge');
        self::awaitJobs($hub, $keys, [2, 2, 1, 1]);

        $hub->simulator->control('config', ['set' => ['hold_finals' => false]]);
        $hub->simulator->control('release');
        self::assertSame(array_fill(0, 11, 'SUCCESS'), array_map(static fn (string $id) => $hub->ended($id)['status'], $ids));
        self::assertCount(11, $hub->simulator->jobs());
    }

    /** @param array<string, mixed> $settings */
    private static function hub(array $settings): Hub
    {
        $only = ['gateway' => 'bot', 'user_token' => null, 'accounts' => null, 'spacing' => '1ms'];
        $world = json_encode(['rate_limits' => false, 'concurrency' => 15]);

        return new Hub($settings + $only, ['--speed', '100', '--accounts', '4', '--config', $world], lasting: true);
    }

    /** @param array<string, mixed> $key */
    private static function submitted(Hub $hub, array $key, string $prompt): string
    {
        return $hub->call('mj_imagine', $prompt, ['user_token' => $key['user_token']]);
    }

    /**
     * Waits until each key has as many jobs, and none has more.
     *
     * @param list<array<string, mixed>> $keys
     * @param list<int>                  $expected
     */
    private static function awaitJobs(Hub $hub, array $keys, array $expected): void
    {
        $count = static function () use ($hub, $keys): array {
            $users = array_count_values(array_column($hub->simulator->jobs(), 'user_id'));

            return array_map(static fn (array $key): int => $users[$key['user_id']] ?? 0, $keys);
        };
        Until::true(static fn () => $count() === $expected, 30.0, static fn () => json_encode($count()) . ' instead of ' . json_encode($expected));
    }
}
