<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

use Mj\Tests\Process\Until;
use PHPUnit\Framework\TestCase;

/** What stops an account, what becomes of the tasks that it would have sent, and what brings it back. */
final class AccountTest extends TestCase
{
    /** Notices about the account, by their name in the simulator: fail code, and for how many minutes it pauses. */
    private const NOTICES = [
        'pending-mod' => ['PENDING_MOD_MESSAGE', null],
        'blocked' => ['BLOCKED', null],
        'blocked-for' => ['BLOCKED', 60],
        'abuse' => ['BLOCKED', null],
        'plan-cancelled' => ['PLAN_CANCELLED', null],
        'subscription' => ['SUBSCRIPTION_REQUIRED', null],
        'subscription-paused' => ['SUBSCRIPTION_REQUIRED', null],
        'credits' => ['CREDITS_EXHAUSTED', 15],
        'tos' => ['TOS_NOT_ACCEPTED', null],
        'captcha-picture' => ['CAPTCHA_REQUIRED', null],
        'captcha' => ['CAPTCHA_REQUIRED', null],
    ];

    /** Discord's own answers to commands, each met by an account of its own: fail code, whether it stops the account. */
    private const ANSWERS = [
        'unauthorized' => ['UNAUTHORIZED', true],
        'missing-access' => ['FORBIDDEN', true],
        'verify-account' => ['VERIFICATION_REQUIRED', true],
        'missing-permissions' => ['FORBIDDEN', true],
        'unknown-application' => ['FORBIDDEN', true],
        'unknown-channel' => ['FORBIDDEN', true],
        'unknown-guild' => ['FORBIDDEN', true],
        'invalid-permissions' => ['FORBIDDEN', true],
        'unknown-message' => ['INTERACTION_FAILED', false],
        'unknown-interaction' => ['INTERACTION_FAILED', false],
        'invalid-version twice' => ['COMMAND_OUTDATED', false],
        'unknown-integration twice' => ['COMMAND_OUTDATED', false],
        'invalid-version' => [null, false],
        'unknown-integration' => [null, false],
        'rate-limited' => [null, false],
    ];

    /** What only a person answers. */
    private const PERSONAL = '/^MJ::(Prompts|Moderation|Account|iframe)::/';

    /** @var array<string, Hub> by name */
    private static array $hubs = [];

    /** @var array<string, array{list<array<string, mixed>>, array<string, mixed>}>|null course and account by answer */
    private static ?array $answered = null;

    /** @var array<string, string> tasks that wait for their time-outs from the beginning on, by account */
    private static array $waiting = [];

    /** Makes each configuration another one. */
    private static int $changes = 0;

    public static function setUpBeforeClass(): void
    {
        $hub = self::hub('spare');
        $limits = [
            2 => ['cloudflare' => true],
            3 => ['status' => 429, 'body' => ['message' => 'The resource is being rate limited.', 'global' => false]],
        ];
        foreach ($limits as $place => $fault) {
            self::fault($hub, $fault);
            self::$waiting["account$place"] = self::submitted($hub, $place);
            Until::true(static fn () => self::account($hub, $place)['state'] === 'paused', 60.0);
        }
        self::refuse($hub, 'pending-mod', 5);
        self::$waiting['account5'] = self::submitted($hub, 5);
    }

    public static function tearDownAfterClass(): void
    {
        self::$hubs = self::$waiting = [];
        self::$answered = null;
    }

    /** @return array<string, array{string, string, string, ?int}> */
    public function notices(): array
    {
        $rows = [];
        foreach (self::NOTICES as $name => [$code, $minutes]) {
            foreach (['user', 'both'] as $gateway) {
                $rows["$name, $gateway"] = [$gateway, $name, $code, $minutes];
            }
        }

        return $rows;
    }

    /** @dataProvider notices */
    public function testNoticeStopsTheAccount(string $gateway, string $name, string $code, ?int $minutes): void
    {
        $hub = self::hub($gateway);
        self::refuse($hub, $name, 0);
        $before = time();
        $task = $hub->picture('a boat');
        if ($code === 'CAPTCHA_REQUIRED') {
            // Once the check is done Midjourney may go on with what it has: nobody else sends the same.
            Guide::assertFailed($code, $task);
        } else {
            self::assertSame(['SUCCESS', 'account1'], [$task['status'], $task['account']], (string) $task['fail_reason']);
        }

        $account = self::account($hub, 0);
        self::assertSame([$minutes === null ? 'disabled' : 'paused', $code], [$account['state'], $account['code']]);
        self::assertStringStartsWith(Guide::words($code) . ': ', $account['reason']);
        if ($minutes === null) {
            self::assertNull($account['until']);
        } else {
            self::assertEqualsWithDelta($before + 60 * $minutes, $account['until'] / 1_000, 30);
        }

        $named = $hub->call('mj_imagine', 'a ship', ['account' => 'main']);
        if ($minutes === null) {
            $task = $hub->ended($named);
            Guide::assertFailed($code, $task);
            self::assertSame($account['reason'], $task['fail_reason']);
        }
        $unnamed = $hub->picture('a raft');
        self::assertSame(['SUCCESS', 'account1'], [$unnamed['status'], $unnamed['account']]);
        if ($minutes !== null) {
            self::assertSame('NOT_START', $hub->call('mj_poll', $named)['status']);
        }

        self::forgive($hub, 0);
        $again = $minutes === null ? $hub->call('mj_imagine', 'a canoe', ['account' => 'main']) : $named;
        $task = $hub->ended($again);
        self::assertSame(['SUCCESS', 'main'], [$task['status'], $task['account']], (string) $task['fail_reason']);
        self::assertNothingWasPressed($hub);
    }

    /** @dataProvider gateways */
    public function testNoticeOnAPressStopsTheAccount(string $gateway): void
    {
        $hub = self::hub($gateway);
        $grid = $hub->picture('a boat', ['account' => 'main']);
        self::refuse($hub, 'pending-mod', 0);
        Guide::assertFailed('PENDING_MOD_MESSAGE', $hub->press($grid['id'], 'upscale1'));
        self::assertSame('disabled', self::account($hub, 0)['state']);
        // Only the account that has the grid may press its buttons.
        Guide::assertFailed('PENDING_MOD_MESSAGE', $hub->press($grid['id'], 'upscale2'));
        self::forgive($hub, 0);
        self::assertSame('SUCCESS', $hub->press($grid['id'], 'upscale2')['status']);
    }

    /** @dataProvider gateways */
    public function testNoticeOnAFormStopsTheAccount(string $gateway): void
    {
        $hub = self::hub($gateway);
        $grid = $hub->picture('a boat', ['account' => 'main']);
        $hub->simulator->control('config', ['set' => ['remix' => true]]);
        $form = $hub->call('mj_action', $grid['id'], 'variation1', ['prompt' => 'a ship simulate:blocked']);
        Guide::assertFailed('BLOCKED', $hub->ended($form));
        $hub->simulator->control('config', ['set' => ['remix' => false]]);
        self::assertSame(['disabled', 'BLOCKED'], array_values(array_intersect_key(self::account($hub, 0), ['state' => 0, 'code' => 0])));
        self::forgive($hub, 0);
    }

    /** @return array<string, array{string}> */
    public function gateways(): array
    {
        return ['user' => ['user'], 'both' => ['both']];
    }

    public function testBlockWithATimeIsOverByItself(): void
    {
        $hub = self::hub('user');
        self::refuse($hub, 'blocked-for=2s', 0);
        $task = $hub->picture('a boat', ['account' => 'main']);
        self::assertSame(['SUCCESS', 'main'], [$task['status'], $task['account']], (string) $task['fail_reason']);
        self::assertGreaterThanOrEqual(1_900, $task['finished_at'] - $task['created_at']);
        self::assertSame('usable', self::account($hub, 0)['state']);
    }

    public function testNamedTaskFailsWhenThePauseOutlivesIt(): void
    {
        $hub = self::hub('user');
        self::refuse($hub, 'blocked-for=2h', 0);
        Guide::assertFailed('BLOCKED', $hub->picture('a boat', ['account' => 'main', 'timeout' => 60]));
        $task = $hub->picture('a ship', ['account' => 'main', 'timeout' => 10]);
        Guide::assertFailed('BLOCKED', $task);
        self::assertStringContainsString('for 2 hours', $task['fail_reason']);
        self::forgive($hub, 0);
    }

    public function testWithoutFastHoursTheAccountStillRelaxes(): void
    {
        $hub = self::hub('user');
        self::refuse($hub, 'credits', 0);
        Guide::assertFailed('CREDITS_EXHAUSTED', $hub->picture('a boat', ['account' => 'main', 'timeout' => 60]));
        $task = $hub->picture('a ship', ['account' => 'main', 'mode' => 'relax']);
        self::assertSame('SUCCESS', $task['status'], (string) $task['fail_reason']);
        self::assertSame('paused', self::account($hub, 0)['state'], 'a relaxed job needs no hours');
        self::forgive($hub, 0);
    }

    /**
     * @testWith ["pending-mod", "Acknowledge"]
     *           ["tos", "AcceptTos"]
     */
    public function testPersonsPressBringsTheAccountBack(string $notice, string $button): void
    {
        $hub = self::hub('both');
        self::refuse($hub, $notice, 0);
        self::assertSame('FAILURE', $hub->picture('a boat', ['account' => 'main'])['status']);
        [$message, $customId] = self::button($hub, $button);
        self::foreign($hub, ['message_id' => $message, 'custom_id' => $customId]);
        self::awaitUsable($hub, 0);
        self::assertSame('SUCCESS', $hub->picture('a ship', ['account' => 'main'])['status']);
    }

    public function testFullQueueSendsTheTaskToAnotherAccount(): void
    {
        // For a quarter of a minute the account sends nothing: this stands behind the hub's other tests.
        $hub = self::hub('both');
        self::refuse($hub, 'queue-full', 0);
        $task = $hub->picture('a boat');
        self::assertSame(['SUCCESS', 'account1'], [$task['status'], $task['account']], (string) $task['fail_reason']);
        self::assertSame('usable', self::account($hub, 0)['state']);
    }

    public function testJobOfItsUserBringsTheAccountBack(): void
    {
        $hub = self::hub('user');
        self::refuse($hub, 'blocked', 0);
        Guide::assertFailed('BLOCKED', $hub->picture('a boat', ['account' => 'main']));
        $stopped = self::account($hub, 0)['seen_at'];
        self::clear($hub, 0);
        // One that may have been sent before the notice proves nothing; a later one does.
        Until::true(static function () use ($hub): bool {
            self::foreign($hub, ['prompt' => 'a picture by hand']);

            return self::account($hub, 0)['state'] === 'usable';
        }, 30.0);
        self::assertGreaterThan($stopped + 9_000, self::account($hub, 0)['seen_at']);
        self::assertSame('SUCCESS', $hub->picture('a ship', ['account' => 'main'])['status']);
    }

    public function testAnotherMembersJobProvesNothing(): void
    {
        $hub = self::hub('user');
        self::refuse($hub, 'blocked', 0);
        Guide::assertFailed('BLOCKED', $hub->picture('a boat', ['account' => 'main']));
        $hub->simulator->control('foreign', ['prompt' => 'a picture by somebody else']);
        self::assertSame('SUCCESS', $hub->picture('a ship', ['account' => 'account1'])['status'], 'it was seen by now');
        self::assertSame('disabled', self::account($hub, 0)['state']);
        self::forgive($hub, 0);
    }

    public function testTokenOfAnotherAccountChangesNothing(): void
    {
        $hub = self::hub('bot');
        self::refuse($hub, 'missing-permissions', 18);
        Guide::assertFailed('FORBIDDEN', $hub->picture('a boat', ['account' => 'account18']));
        $task = $hub->picture('a ship', ['user_token' => $hub->simulator->says['accounts'][22]['user_token']]);
        self::assertSame('SUCCESS', $task['status'], (string) $task['fail_reason']);
        self::assertSame('disabled', self::account($hub, 18)['state']);
    }

    public function testAnotherTokenBringsTheAccountBack(): void
    {
        $hub = self::hub('bot');
        self::refuse($hub, 'unauthorized', 19);
        Guide::assertFailed('UNAUTHORIZED', $hub->picture('a boat', ['account' => 'account19']));
        self::assertSame(['disabled', true], [self::account($hub, 19)['state'], self::account($hub, 19)['unauthorized']]);

        $accounts = $hub->config()['accounts'];
        $accounts[18]['user_token'] = $hub->simulator->says['accounts'][23]['user_token'];
        $hub->configure(['accounts' => $accounts]);
        $task = $hub->picture('a ship', ['account' => 'account19']);
        self::assertSame('SUCCESS', $task['status'], (string) $task['fail_reason']);
        self::assertSame($hub->simulator->says['accounts'][23]['user_id'], self::account($hub, 19)['user_id']);
    }

    /** @return array<string, array{string, ?string, bool}> */
    public function answers(): array
    {
        $rows = [];
        foreach (self::ANSWERS as $name => [$code, $stops]) {
            $rows[$name] = [$name, $code, $stops];
        }

        return $rows;
    }

    /** @dataProvider answers */
    public function testAnswerOfDiscords(string $name, ?string $code, bool $stops): void
    {
        [$course, $account] = self::answered()[$name];
        $task = end($course);
        self::assertSame($stops ? 'disabled' : 'usable', $account['state']);
        if ($code === null) {
            self::assertSame('SUCCESS', $task['status'], (string) $task['fail_reason']);
            self::assertSame([null, null], [$account['code'], $account['reason']]);
        } else {
            Guide::assertFailed($code, $task);
        }
        if ($stops) {
            self::assertSame($code, $account['code']);
            self::assertSame($task['fail_reason'], $account['reason']);
            self::assertNull($account['until']);
        }
    }

    public function testRateLimitIsWaitedOut(): void
    {
        [$course] = self::answered()['rate-limited'];
        $waiting = array_values(array_filter($course, static fn (array $task) => $task['stage'] === 'waiting to retry'));
        self::assertNotEmpty($waiting);
        self::assertGreaterThan($waiting[0]['created_at'], $waiting[0]['not_before']);
        self::assertGreaterThanOrEqual($waiting[0]['not_before'], end($course)['started_at']);
    }

    public function testOutdatedCommandIsReadAgainOnce(): void
    {
        self::answered();
        $hub = self::hub('bot');
        $reads = array_filter(
            $hub->simulator->record()['requests'],
            static fn (string $route) => str_contains($route, 'application-command-index'),
            ARRAY_FILTER_USE_KEY,
        );
        self::assertGreaterThanOrEqual(1, array_sum($reads));
        // Two answers were armed and both were met: the command was sent once more, and not a third time.
        foreach (['invalid-version twice', 'unknown-integration twice'] as $name) {
            $place = array_search($name, array_keys(self::ANSWERS), true) + 1;
            $task = $hub->picture('a ship', ['account' => "account$place"]);
            self::assertSame('SUCCESS', $task['status'], (string) $task['fail_reason']);
        }
    }

    /** @depends testOutdatedCommandIsReadAgainOnce */
    public function testChangedSettingBringsAllAccountsBack(): void
    {
        $hub = self::hub('bot');
        foreach (array_keys(array_values(self::ANSWERS)) as $place) {
            self::clear($hub, $place + 1);
        }
        // Also for a token that was refused: its task waits until Discord was asked about it.
        self::change($hub);
        $names = array_map(static fn (int $place) => 'account' . ($place + 1), array_keys(array_values(self::ANSWERS)));
        $tasks = self::all($hub, array_map(static fn (string $name) => ['a boat', ['account' => $name]], $names));
        self::assertSame(array_fill(0, count($names), 'SUCCESS'), array_column($tasks, 'status'));
        foreach (array_keys($names) as $place) {
            self::assertSame('usable', self::account($hub, $place + 1)['state']);
        }
    }

    public function testUnnamedTaskLeavesARefusedAccount(): void
    {
        $hub = self::hub('spare');
        self::refuse($hub, 'missing-access', 0);
        $task = $hub->picture('a boat');
        self::assertSame('SUCCESS', $task['status'], (string) $task['fail_reason']);
        self::assertNotSame('main', $task['account']);
        $account = self::account($hub, 0);
        self::assertSame(['disabled', 'FORBIDDEN'], [$account['state'], $account['code']]);
        self::assertStringContainsString('50001', $account['reason']);
        self::forgive($hub, 0);
    }

    public function testRateLimitedTaskGoesToAnotherAccount(): void
    {
        $hub = self::hub('spare');
        self::refuse($hub, 'rate-limited', 0);
        $task = $hub->picture('a boat');
        self::assertSame('SUCCESS', $task['status'], (string) $task['fail_reason']);
        self::assertNotSame('main', $task['account']);
    }

    /**
     * Cloudflare's page, and Discord's words without a time.
     *
     * @testWith [2]
     *           [3]
     */
    public function testLimitWithoutATimePausesTheAccount(int $place): void
    {
        $hub = self::hub('spare');
        $task = $hub->ended(self::$waiting["account$place"]);
        Guide::assertFailed('RATE_LIMITED', $task);
        $account = self::account($hub, $place);
        self::assertSame(['paused', 'RATE_LIMITED'], [$account['state'], $account['code']]);
        self::assertEqualsWithDelta($task['created_at'] + 600_000, $account['until'], 30_000);
        self::change($hub);
        self::assertSame('SUCCESS', $hub->picture('a ship', ['account' => 'account1'])['status']);
        self::assertSame('paused', self::account($hub, $place)['state'], 'the ban is the address\'s');
    }

    public function testCaptchaInAnAnswerStopsTheAccount(): void
    {
        $hub = self::hub('spare');
        self::fault($hub, ['status' => 400, 'body' => ['captcha_key' => ['captcha-required'], 'captcha_service' => 'x']]);
        $task = $hub->picture('a boat', ['account' => 'account4']);
        Guide::assertFailed('CAPTCHA_REQUIRED', $task);
        self::assertSame('disabled', self::account($hub, 4)['state']);
        self::change($hub);
    }

    public function testOutageWithATimeIsWaitedOut(): void
    {
        $hub = self::hub('spare');
        self::fault($hub, ['status' => 503, 'retry_after' => 1]);
        $course = self::course($hub, ['a boat', ['account' => 'account4']]);
        self::assertContains('waiting to retry', array_column($course, 'stage'));
        self::assertSame('SUCCESS', end($course)['status']);
    }

    public function testRefusedPressEndsTheTaskAlone(): void
    {
        $hub = self::hub('spare');
        $grid = $hub->picture('a boat', ['account' => 'account1']);
        self::refuse($hub, 'unknown-message', 1);
        $task = $hub->press($grid['id'], 'upscale1');
        Guide::assertFailed('INTERACTION_FAILED', $task);
        self::assertStringContainsString('10008', $task['fail_reason']);
        self::assertSame('usable', self::account($hub, 1)['state']);
        self::assertSame('SUCCESS', $hub->press($grid['id'], 'upscale1')['status']);
    }

    public function testForbiddenPressStopsTheAccount(): void
    {
        $hub = self::hub('spare');
        $grid = $hub->picture('a boat', ['account' => 'account1']);
        self::refuse($hub, 'missing-access', 1);
        Guide::assertFailed('FORBIDDEN', $hub->press($grid['id'], 'variation1'));
        self::assertSame('disabled', self::account($hub, 1)['state']);
        self::forgive($hub, 1);
    }

    public function testABotsTimeOutIsNoWordAboutTheAccount(): void
    {
        $hub = self::hub('spare');
        $task = $hub->ended(self::$waiting['account5']);
        Guide::assertFailed('UNSEEN', $task);
        self::assertStringContainsString('acknowledgement', $task['fail_reason']);
        self::assertSame('usable', self::account($hub, 5)['state']);
    }

    private static function hub(string $name): Hub
    {
        $accounts = ['bot' => 24, 'spare' => 6][$name] ?? 2;
        $settings = ['gateway' => in_array($name, ['user', 'both'], true) ? $name : 'bot', 'spacing' => '1ms', 'concurrency' => 15];
        $world = json_encode(['rate_limits' => false, 'concurrency' => 40]);

        if (!isset(self::$hubs[$name])) {
            $hub = new Hub($settings, ['--speed', '100', '--accounts', "$accounts", '--config', $world], lasting: true);
            // The simulator's last accounts stay out: their tokens come later.
            $hub->configure(['accounts' => array_slice($hub->config()['accounts'], 0, 19)]);
            // Discord is asked who an account is when it is needed first; until then others are quicker.
            $named = static fn (array $account) => ['a boat', ['account' => $account['name']]];
            self::all($hub, ['main' => ['a boat', ['account' => 'main']]] + array_map($named, $hub->config()['accounts']));
            self::$hubs[$name] = $hub;
        }

        return self::$hubs[$name];
    }

    /** A task with the shortest time, for one account. */
    private static function submitted(Hub $hub, int $place): string
    {
        return $hub->call('mj_imagine', 'a boat', ['account' => "account$place", 'timeout' => 10]);
    }

    /** @return array<string, mixed> what `mj_status()` shows of an account */
    private static function account(Hub $hub, int $place): array
    {
        return $hub->call('mj_status')['accounts'][$place];
    }

    private static function user(Hub $hub, int $place): string
    {
        return $hub->simulator->says['accounts'][$place]['user_id'];
    }

    /** Refuses the account's next interaction. */
    private static function refuse(Hub $hub, string $name, int $place, int $times = 1): void
    {
        $hub->simulator->control('refuse', ['name' => $name, 'times' => $times, 'user_id' => self::user($hub, $place)]);
    }

    /** Strikes the next interaction. */
    private static function fault(Hub $hub, array $fault): void
    {
        $hub->simulator->control('fault', ['http' => $fault + ['method' => 'POST', 'path' => '/interactions']]);
    }

    private static function clear(Hub $hub, int $place): void
    {
        $hub->simulator->control('clear_account', ['user_id' => self::user($hub, $place)]);
    }

    /** Changes a setting, which says that somebody has acted. */
    private static function change(Hub $hub): void
    {
        $hub->configure(['queue_size' => 1_000 + ++self::$changes]);
    }

    /** A person clears the account, and the operator says so. */
    private static function forgive(Hub $hub, int $place): void
    {
        self::clear($hub, $place);
        self::change($hub);
        self::awaitUsable($hub, $place);
    }

    private static function awaitUsable(Hub $hub, int $place): void
    {
        Until::true(static fn () => self::account($hub, $place)['state'] === 'usable', 60.0);
    }

    /** The main account's user acts in Discord. */
    private static function foreign(Hub $hub, array $what): void
    {
        $hub->simulator->control('foreign', $what + ['user_id' => self::user($hub, 0)]);
    }

    /** @return array{string, string} the newest notice that has a button of this kind, and its `custom_id` */
    private static function button(Hub $hub, string $kind): array
    {
        foreach (array_reverse($hub->simulator->control('messages')) as $message) {
            foreach ($message['components'] ?? [] as $row) {
                foreach ($row['components'] as $button) {
                    if (str_ends_with($button['custom_id'] ?? '', "::$kind")) {
                        return [$message['id'], $button['custom_id']];
                    }
                }
            }
        }
        throw new \RuntimeException("no notice offers $kind");
    }

    private static function assertNothingWasPressed(Hub $hub): void
    {
        $pressed = array_filter(
            $hub->simulator->record()['interactions'],
            static fn (array $one) => !$one['foreign'] && preg_match(self::PERSONAL, $one['custom_id'] ?? '') === 1,
        );
        self::assertSame([], $pressed);
    }

    /**
     * Every revision of a new task that can be seen, until its end.
     *
     * @param  array{string, array<string, mixed>} $call
     * @return list<array<string, mixed>>
     */
    private static function course(Hub $hub, array $call): array
    {
        return array_values(self::courses($hub, [$call])[0]);
    }

    /** @return array<array<string, mixed>> the ends of tasks that are submitted at once */
    private static function all(Hub $hub, array $calls): array
    {
        return array_map(static fn (array $course) => end($course), self::courses($hub, $calls));
    }

    /** @return array<list<array<string, mixed>>> */
    private static function courses(Hub $hub, array $calls): array
    {
        return $hub->run(<<<'PHP'
            $ids = array_map(static fn (array $call) => mj_imagine(...$call), $data);
            $seen = array_fill_keys(array_keys($ids), []);
            $until = microtime(true) + 30;
            do {
                $is_open = false;
                $tasks = mj_poll_many(array_values($ids));
                foreach ($ids as $name => $id) {
                    $task = $tasks[$id];
                    $is_open = $is_open || !in_array($task['status'], ['SUCCESS', 'FAILURE', 'CANCEL'], true);
                    if ((end($seen[$name])['revision'] ?? 0) < $task['revision']) {
                        $seen[$name][] = $task;
                    }
                }
                usleep(500);
            } while ($is_open && microtime(true) < $until);

            return $seen;
            PHP, $calls);
    }

    /** @return array<string, array{list<array<string, mixed>>, array<string, mixed>}> */
    private static function answered(): array
    {
        if (self::$answered !== null) {
            return self::$answered;
        }
        $hub = self::hub('bot');
        $calls = [];
        foreach (array_keys(self::ANSWERS) as $place => $name) {
            $times = str_ends_with($name, ' twice') ? 2 : 1;
            self::refuse($hub, explode(' ', $name)[0], $place + 1, $times);
            $calls[$name] = ['a boat', ['account' => 'account' . ($place + 1)]];
        }
        $courses = self::courses($hub, $calls);
        $accounts = $hub->call('mj_status')['accounts'];
        self::$answered = [];
        foreach (array_keys(self::ANSWERS) as $place => $name) {
            self::$answered[$name] = [$courses[$name], $accounts[$place + 1]];
        }

        return self::$answered;
    }
}
