<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

use Mj\Tests\Process\Until;
use PHPUnit\Framework\TestCase;

/** Tasks that each bring a token out of a pool of keys, as ChatMoney's do. */
final class KeyPoolTest extends TestCase
{
    /** What ends a command at once. */
    private const NOTICES = [
        'banned' => 'BANNED_PROMPT',
        'invalid-parameter' => 'INVALID_PARAMETER',
        'invalid-link' => 'INVALID_LINK',
        'image-denied' => 'IMAGE_DENIED',
        'declined' => 'MODERATED',
        'internal' => 'INTERNAL_ERROR',
        'failure' => 'INTERACTION_FAILED',
    ];

    /** What stops its account. */
    private const OF_ACCOUNTS = [
        'pending-mod' => 'PENDING_MOD_MESSAGE',
        'blocked' => 'BLOCKED',
        'subscription' => 'SUBSCRIPTION_REQUIRED',
        'credits' => 'CREDITS_EXHAUSTED',
        'tos' => 'TOS_NOT_ACCEPTED',
        'captcha' => 'CAPTCHA_REQUIRED',
    ];

    /** @return array<string, array{array<string, mixed>}> who listens beside the keys */
    public function listeners(): array
    {
        return [
            'a bot' => [['gateway' => 'bot', 'user_token' => null]],
            'a user and a bot' => [['gateway' => 'both']],
            'a user' => [['gateway' => 'user']],
        ];
    }

    /**
     * Every refusal is shown to the key's own session alone; so is that it is the account that is stopped.
     *
     * @dataProvider listeners
     *
     * @param array<string, mixed> $listener
     */
    public function testEachKeysRefusalsAreSeenWhereItHasASession(array $listener): void
    {
        $codes = self::NOTICES + self::OF_ACCOUNTS;
        foreach ([true, false] as $sessions) {
            $hub = self::hub(['token_sessions' => $sessions] + $listener, count($codes) + 1);
            $tasks = self::refused($hub, array_keys($codes), $sessions ? 30 : 12);
            $accounts = array_column($hub->call('mj_status')['accounts'], null, 'name');
            foreach ($codes as $name => $code) {
                Guide::assertFailed($sessions ? $code : 'UNSEEN', $tasks[$name]);
                $stopped = $sessions && isset(self::OF_ACCOUNTS[$name]) ? $code : null;
                self::assertSame($stopped, $accounts[$tasks[$name]['account']]['code'], $name);
            }
        }
    }

    /** Without a session of the key's, what opens a dialog is refused by us before it is sent. */
    public function testAKeyWithASessionMayDoWhatOpensADialog(): void
    {
        $key = static fn (Hub $hub) => ['user_token' => $hub->simulator->says['accounts'][1]['user_token']];
        $without = self::hub([]);
        $refused = $without->run('try { return mj_shorten("a very long harbour", $data); } catch (Mj\ActionUnavailableException $e) { return $e->getMessage(); }', $key($without));
        self::assertStringContainsString("only a user's session sees", $refused);

        $hub = self::hub(['token_sessions' => true]);
        $short = $hub->ended($hub->call('mj_shorten', 'a very long harbour', $key($hub)));
        self::assertSame('SUCCESS', $short['status'], (string) $short['fail_reason']);
        $grid = $hub->picture('a harbour', $key($hub));
        $single = $hub->press($grid['id'], 'upscale1');
        $zoomed = $hub->press($single['id'], 'custom_zoom', ['prompt' => 'a harbour from far away --zoom 2']);
        self::assertSame(['SUCCESS', $grid['account']], [$zoomed['status'], $zoomed['account']], (string) $zoomed['fail_reason']);
        self::assertSame([$hub->simulator->says['accounts'][1]['user_id']], array_values(array_unique(array_column($hub->simulator->jobs(), 'user_id'))));
    }

    public function testTheDoctorKnowsWhichKeysListen(): void
    {
        foreach ([true, false] as $sessions) {
            $hub = self::hub(['token_sessions' => $sessions]);
            $hub->simulator->control('config', ['set' => ['hold_finals' => true]]);
            foreach ([1, 2] as $key) {
                $task = $hub->until(self::submitted($hub, $hub->simulator->says['accounts'][$key], 'a boat'), static fn (array $task) => $task['progress'] > 0);
            }
            $running = static fn () => array_sum(array_column($hub->call('mj_status')['accounts'], 'running'));
            Until::true(static fn () => $running() === 2, 60.0);
            $troubles = Diagnosis::ofHub($hub)->troubles();
            self::assertSame($sessions ? null : 'warning', $troubles['tasks.unseen'] ?? null);
            self::assertArrayNotHasKey('owner.alive', $troubles);
            self::assertArrayNotHasKey('owner.gateway', $troubles);
            self::assertContains($task['account'], array_column($hub->call('mj_status')['accounts'], 'name'));
        }
    }

    /** The request is the same, the key that it takes out of the pool is the next one. */
    public function testARepeatedRequestWithAnotherKeyIsOneTask(): void
    {
        foreach ([true, false] as $sessions) {
            $hub = self::hub(['token_sessions' => $sessions]);
            $ids = [];
            foreach ([1, 2, 3, 1] as $key) {
                $options = ['user_token' => $hub->simulator->says['accounts'][$key]['user_token'], 'idempotency_key' => 'order 7'];
                $ids[] = $hub->call('mj_imagine', 'a lighthouse', $options);
            }
            $ids[] = $hub->call('mj_imagine', 'another lighthouse', ['idempotency_key' => 'order 8'] + $options);
            self::assertSame([$ids[0], $ids[4]], array_values(array_unique($ids)));
            self::assertSame(['SUCCESS', 'SUCCESS'], [$hub->ended($ids[0])['status'], $hub->ended($ids[4])['status']]);
            self::assertCount(2, $hub->simulator->jobs());
        }
    }

    /** A key that nobody has used for an hour needs no session. */
    public function testTheSessionOfAKeyThatIsUsedNoMoreEnds(): void
    {
        $hub = self::hub(['token_sessions' => true]);
        $keys = $hub->simulator->says['accounts'];
        $tasks = array_map(static fn (int $key) => $hub->ended(self::submitted($hub, $keys[$key], 'a boat')), [1, 2]);
        $owned = static fn () => count(array_filter($hub->call('mj_status')['hubs'], static fn (array $one) => $one['owner'] !== null && $one['owner']['alive']));
        self::assertSame(3, $owned());
        $database = new \PDO('sqlite:' . $hub->call('mj_status')['state_dir'] . '/store.sqlite');
        $last = $database->exec('UPDATE hub SET used_at = 1 WHERE key = (SELECT hub FROM task WHERE id = ' . $database->quote($tasks[0]['id']) . ')');
        self::assertSame(1, $last);
        // At its next housekeeping.
        Until::true(static fn () => $owned() === 2, 45.0);
        $again = $hub->ended(self::submitted($hub, $keys[1], 'a ship'));
        self::assertSame(['SUCCESS', 3], [$again['status'], $owned()], (string) $again['fail_reason']);
    }

    /** @return array<string, array{bool}> whether each key has a session of its own */
    public function sessions(): array
    {
        return ['one for all' => [false], 'each its own' => [true]];
    }

    /**
     * Nothing is configured of an account, so `mj.concurrency` is all that limits a key.
     *
     * @dataProvider sessions
     */
    public function testAKeyRunsAsManyJobsAsIsSetAlsoWhenThatIsChanged(bool $sessions): void
    {
        $hub = self::hub(['concurrency' => 1, 'token_sessions' => $sessions]);
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

    /**
     * Tasks that each take a key of their own and meet a refusal.
     *
     * @param list<string> $names
     *
     * @return array<string, array<string, mixed>> as they ended
     */
    private static function refused(Hub $hub, array $names, int $timeout): array
    {
        $ids = [];
        foreach ($names as $number => $name) {
            $options = ['timeout' => $timeout, 'user_token' => $hub->simulator->says['accounts'][$number + 1]['user_token']];
            $ids[$name] = $hub->call('mj_imagine', "a boat simulate:$name", $options);
        }

        return array_map(static fn (string $id) => $hub->ended($id), $ids);
    }

    /** @param array<string, mixed> $settings */
    private static function hub(array $settings, int $accounts = 4): Hub
    {
        $only = ['accounts' => null, 'spacing' => '1ms'] + (isset($settings['gateway']) ? [] : ['gateway' => 'bot', 'user_token' => null]);
        $world = json_encode(['rate_limits' => false, 'concurrency' => 15]);

        return new Hub($settings + $only, ['--speed', '100', '--accounts', (string) $accounts, '--config', $world], lasting: true);
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
