<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

use PHPUnit\Framework\TestCase;

/** What Midjourney says instead of a picture, and what becomes of the task: on commands, presses and forms. */
final class RefusalTest extends TestCase
{
    /** Notices that come instead of a job, by their name in the simulator. */
    private const AT_ONCE = [
        'banned' => 'BANNED_PROMPT',
        'invalid-parameter' => 'INVALID_PARAMETER',
        'invalid-aspect' => 'INVALID_PARAMETER',
        'invalid-value' => 'INVALID_PARAMETER',
        'plain-parameter' => 'INVALID_PARAMETER',
        'invalid-prompt' => 'INVALID_PROMPT',
        'invalid-request' => 'INVALID_PROMPT',
        'invalid-link' => 'INVALID_LINK',
        'duplicate-images' => 'DUPLICATE_IMAGES',
        'image-denied' => 'IMAGE_DENIED',
        'action-restricted' => 'REFUSED',
        'declined' => 'MODERATED',
        'internal' => 'INTERNAL_ERROR',
        'failed' => 'INTERNAL_ERROR',
        'failure' => 'INTERACTION_FAILED',
    ];

    /** Notices in the middle of a job. */
    private const LATE = [
        'image-filter' => 'IMAGE_FILTERED',
        'output-filter' => 'OUTPUT_FILTERED',
        'job-error' => 'INTERNAL_ERROR',
        'late-decline' => 'MODERATED',
    ];

    /** What only a person answers. */
    private const PERSONAL = '/^MJ::(Prompts|Moderation|Account|iframe)::/';

    /** @var array<string, Hub> by gateway */
    private static array $hubs = [];

    /** @var array<string, array<string, array<string, mixed>>> ended tasks by what was asked, then by notice */
    private static array $ended = [];

    /** @var array<string, string> tasks whose progress is deleted, by gateway */
    private static array $vanished = [];

    /** @var array<string, string> tasks that met notices which a bot does not see */
    private static array $unseen = [];

    /** @var array<string, string> tasks that wait for a person, by gateway */
    private static array $moderated = [];

    /** The task that met a full queue. */
    private static string $unlucky;

    public static function setUpBeforeClass(): void
    {
        // These take their time, a quarter of a minute or more; they are looked at last.
        foreach (['user', 'both', 'bot'] as $gateway) {
            self::$vanished[$gateway] = self::hub($gateway)->call('mj_imagine', 'a boat simulate:vanish');
        }
        $prompts = array_map(static fn (string $name) => ["a boat simulate:$name", ['timeout' => 10]], self::names(self::AT_ONCE));
        self::$unseen = self::submitted('bot', $prompts);
        foreach (['user', 'both'] as $gateway) {
            $call = ['a boat simulate:moderated', ['timeout' => 10]];
            self::$moderated += self::submitted($gateway, [$gateway => $call]);
        }
        self::hub('full')->simulator->control('refuse', ['name' => 'queue-full']);
        self::$unlucky = self::hub('full')->call('mj_imagine', 'a boat');
    }

    public static function tearDownAfterClass(): void
    {
        self::$hubs = self::$ended = [];
    }

    /** @return array<string, array{string, string, string}> */
    public function notices(): array
    {
        $rows = [];
        foreach (self::AT_ONCE + self::LATE as $name => $code) {
            foreach (['user', 'both'] as $gateway) {
                $rows["$name, $gateway"] = [$gateway, $name, $code];
            }
        }

        return $rows;
    }

    /** @dataProvider notices */
    public function testNoticeEndsACommand(string $gateway, string $name, string $code): void
    {
        $task = self::commands($gateway)[$name];
        Guide::assertFailed($code, $task);
        self::assertSame([], $task['buttons']);
    }

    /** @dataProvider notices */
    public function testNoticeEndsAPress(string $gateway, string $name, string $code): void
    {
        Guide::assertFailed($code, self::presses($gateway)[$name]);
    }

    /** @dataProvider notices */
    public function testNoticeEndsAForm(string $gateway, string $name, string $code): void
    {
        Guide::assertFailed($code, self::forms($gateway)[$name]);
    }

    /** @dataProvider gateways */
    public function testNoticesConcernTheTaskAlone(string $gateway): void
    {
        self::commands($gateway);
        $account = self::hub($gateway)->call('mj_status')['accounts'][0];
        self::assertSame(['usable', null, null, null], [$account['state'], $account['code'], $account['reason'], $account['until']]);
    }

    /** @return array<string, array{string}> */
    public function gateways(): array
    {
        return ['user' => ['user'], 'both' => ['both']];
    }

    public function testMidjourneysWordsStandBehindOurs(): void
    {
        $task = self::commands('user')['banned'];
        self::assertStringStartsWith(Guide::words('BANNED_PROMPT') . ': Banned prompt detected: ', $task['fail_reason']);
    }

    public function testReasonsAreChineseWhereTheHubIs(): void
    {
        $hub = new Hub(['gateway' => 'user', 'lang' => 'zh'], ['--speed', '100']);
        $task = $hub->picture('a boat simulate:banned');
        Guide::assertFailed('BANNED_PROMPT', $task, 'zh');
        self::assertStringStartsWith(Guide::words('BANNED_PROMPT', 'zh') . '：Banned prompt detected: ', $task['fail_reason']);

        $hub->picture('a boat simulate:pending-mod');
        $reason = $hub->call('mj_status')['accounts'][0]['reason'];
        self::assertStringStartsWith(Guide::words('PENDING_MOD_MESSAGE', 'zh') . '：Pending mod message', $reason);
    }

    public function testWhatABotDoesNotSeeIsNamed(): void
    {
        foreach (self::ended('bot', self::$unseen) as $name => $task) {
            Guide::assertFailed('UNSEEN', $task);
            self::assertStringContainsString('human check', $task['fail_reason'], $name);
        }
    }

    /** The notice is for its user's eyes; that the job stopped is for everybody's. */
    public function testABotSeesThatAJobStopped(): void
    {
        $prompts = array_map(static fn (string $name) => ["a boat simulate:$name"], self::names(self::LATE + ['stopped' => '']));
        foreach (self::all('bot', $prompts) as $name => $task) {
            self::assertSame(['CANCEL', 'stopped'], [$task['status'], $task['stage']], $name);
        }
    }

    /** @dataProvider gateways */
    public function testStoppedJobIsCancelled(string $gateway): void
    {
        $task = self::hub($gateway)->picture('a boat simulate:stopped');
        self::assertSame(['CANCEL', 'stopped', null], [$task['status'], $task['stage'], $task['fail_code']]);
        self::assertStringContainsString('stopped in Discord', $task['fail_reason']);
    }

    /** @dataProvider gateways */
    public function testPausedJobGoesOn(string $gateway): void
    {
        $course = self::course($gateway, 'a boat simulate:paused');
        self::assertContains('paused', array_column($course, 'stage'));
        self::assertSame('SUCCESS', end($course)['status']);
    }

    /** @dataProvider gateways */
    public function testQueuedJobIsNoFailure(string $gateway): void
    {
        $hub = self::hub($gateway);
        $hub->simulator->control('config', ['set' => ['concurrency' => 1]]);
        $first = $hub->call('mj_imagine', 'a boat simulate:hold');
        $hub->until($first, static fn (array $task) => $task['progress'] > 0);
        $second = $hub->call('mj_imagine', 'a boat');
        $task = $hub->until($second, static fn (array $task) => $task['stage'] === 'queued');
        self::assertSame(['SUBMITTED', null], [$task['status'], $task['fail_code']]);

        $hub->simulator->control('release');
        self::assertSame(['SUCCESS', 'SUCCESS'], [$hub->ended($first)['status'], $hub->ended($second)['status']]);
        $hub->simulator->control('config', ['set' => ['concurrency' => 40]]);
    }

    /** @dataProvider gateways */
    public function testSlowDownIsWaitedOut(string $gateway): void
    {
        $hub = self::hub($gateway);
        $before = count($hub->simulator->record()['interactions']);
        $hub->simulator->control('refuse', ['name' => 'slow-down=1s']);
        $course = self::course($gateway, 'a boat');
        self::assertWaited($course);
        self::assertCount($before + 2, $hub->simulator->record()['interactions']);
    }

    /** @dataProvider gateways */
    public function testSlowDownOfAPressIsWaitedOut(string $gateway): void
    {
        $hub = self::hub($gateway);
        $grid = $hub->picture('a boat');
        $hub->simulator->control('refuse', ['name' => 'slow-down=1s']);
        self::assertWaited(self::course($gateway, $grid['id'], 'upscale1'));
    }

    public function testRetriedTaskFailsWhenItsTimeIsOverFirst(): void
    {
        $hub = self::hub('user');
        $hub->simulator->control('refuse', ['name' => 'slow-down=5m']);
        $task = $hub->picture('a boat', ['timeout' => 30]);
        Guide::assertFailed('SLOW_DOWN', $task);
        self::assertLessThan(10_000, $task['finished_at'] - $task['created_at'], 'at once');
    }

    /** @dataProvider gateways */
    public function testModeratedPromptGoesOnWhenAPersonAppeals(string $gateway): void
    {
        $hub = self::hub($gateway);
        self::appeal($hub, $hub->call('mj_imagine', 'a boat simulate:moderated'), 'accepted');
    }

    /** @dataProvider gateways */
    public function testModeratedPressGoesOnWhenAPersonAppeals(string $gateway): void
    {
        $hub = self::hub($gateway);
        $grid = $hub->picture('a boat simulate:press-moderated');
        self::appeal($hub, $hub->call('mj_action', $grid['id'], 'variation1'), 'accepted');
    }

    /** @dataProvider gateways */
    public function testRejectedAppealEndsTheTask(string $gateway): void
    {
        $hub = self::hub($gateway);
        self::appeal($hub, $hub->call('mj_imagine', 'a boat simulate:moderated'), 'rejected');
    }

    /** @dataProvider gateways */
    public function testModeratedPromptEndsWithItsTime(string $gateway): void
    {
        $task = self::hub($gateway)->ended(self::$moderated[$gateway]);
        Guide::assertFailed('MODERATED', $task);
        self::assertStringContainsString('Action needed to continue', $task['fail_reason']);
        self::assertGreaterThanOrEqual(9_900, $task['finished_at'] - $task['created_at']);
    }

    /** @dataProvider gateways */
    public function testNothingIsPressedInAPersonsPlace(string $gateway): void
    {
        self::presses($gateway);
        $pressed = array_filter(
            self::hub($gateway)->simulator->record()['interactions'],
            static fn (array $one) => !$one['foreign'] && preg_match(self::PERSONAL, $one['custom_id'] ?? '') === 1,
        );
        self::assertSame([], $pressed);
    }

    public function testFullQueueIsWaitedOut(): void
    {
        $hub = self::hub('full');
        $task = $hub->ended(self::$unlucky);
        self::assertSame('SUCCESS', $task['status'], (string) $task['fail_reason']);
        self::assertGreaterThanOrEqual(14_000, $task['finished_at'] - $task['created_at']);
        self::assertCount(2, $hub->simulator->record()['interactions']);
    }

    /**
     * @depends testFullQueueIsWaitedOut
     *
     * @testWith ["user"]
     *           ["both"]
     *           ["bot"]
     */
    public function testDeletedProgressEndsTheTask(string $gateway): void
    {
        $task = self::hub($gateway)->ended(self::$vanished[$gateway]);
        Guide::assertFailed('MESSAGE_DELETED', $task);
    }

    private static function hub(string $gateway): Hub
    {
        $settings = ['gateway' => $gateway === 'full' ? 'user' : $gateway, 'spacing' => '1ms', 'concurrency' => 15];
        $world = json_encode(['rate_limits' => false, 'concurrency' => 40]);

        return self::$hubs[$gateway] ??= new Hub($settings, ['--speed', '100', '--config', $world], lasting: true);
    }

    /** @return array<string, string> each name under itself */
    private static function names(array $notices): array
    {
        return array_combine(array_keys($notices), array_keys($notices));
    }

    /**
     * Submits all and waits for their ends, in one process.
     *
     * @param  array<string, array{0: string, 1?: array<string, mixed>}>|array<string, array{0: string, 1: string, 2: array<string, mixed>}> $calls
     * @return array<string, array<string, mixed>>
     */
    private static function all(string $gateway, array $calls, string $function = 'mj_imagine'): array
    {
        return self::ended($gateway, self::submitted($gateway, $calls, $function));
    }

    /** @return array<string, string> the ids of tasks that are submitted in one process */
    private static function submitted(string $gateway, array $calls, string $function = 'mj_imagine'): array
    {
        $code = 'return array_map(static fn (array $call) => $data[0](...$call), $data[1]);';

        return self::hub($gateway)->run($code, [$function, $calls]);
    }

    /** @return array<string, array<string, mixed>> their ends */
    private static function ended(string $gateway, array $ids): array
    {
        $code = 'return array_map(static fn (string $id) => mj_wait($id, 20.0), $data);';

        return self::hub($gateway)->run($code, $ids);
    }

    /** @return array<string, array<string, mixed>> */
    private static function commands(string $gateway): array
    {
        return self::$ended["command, $gateway"] ??= self::all(
            $gateway,
            array_map(static fn (string $name) => ["a boat simulate:$name"], self::names(self::AT_ONCE + self::LATE)),
        );
    }

    /** @return array<string, array<string, mixed>> */
    private static function presses(string $gateway): array
    {
        return self::$ended["press, $gateway"] ??= self::all(
            $gateway,
            array_map(static fn (array $grid) => [$grid['id'], 'variation1'], self::grids($gateway, 'press-')),
            'mj_action',
        );
    }

    /** @return array<string, array<string, mixed>> */
    private static function forms(string $gateway): array
    {
        if (isset(self::$ended["form, $gateway"])) {
            return self::$ended["form, $gateway"];
        }
        // One for each: after a failed interaction the key of the press is held for a picture that is late.
        $grids = self::grids($gateway);
        $world = self::hub($gateway)->simulator;
        $world->control('config', ['set' => ['remix' => true]]);
        $forms = [];
        foreach ($grids as $name => $grid) {
            $forms[$name] = [$grid['id'], 'variation1', ['prompt' => "a ship simulate:$name"]];
        }
        self::$ended["form, $gateway"] = self::all($gateway, $forms, 'mj_action');
        $world->control('config', ['set' => ['remix' => false]]);

        return self::$ended["form, $gateway"];
    }

    /** @return array<string, array<string, mixed>> a grid for each notice; `press-` makes it that of its buttons */
    private static function grids(string $gateway, string $trouble = 'none-'): array
    {
        $call = static fn (string $name) => ["a boat simulate:$trouble$name"];

        return self::all($gateway, array_map($call, self::names(self::AT_ONCE + self::LATE)));
    }

    /**
     * Every revision of a new task that can be seen, until its end.
     *
     * @return list<array<string, mixed>>
     */
    private static function course(string $gateway, string $what, ?string $action = null): array
    {
        return self::hub($gateway)->run(<<<'PHP'
            $id = $data[1] === null ? mj_imagine($data[0]) : mj_action($data[0], $data[1]);
            $seen = [];
            do {
                $task = mj_poll($id);
                $seen[$task['revision']] = $task;
                usleep(500);
            } while (!in_array($task['status'], ['SUCCESS', 'FAILURE', 'CANCEL'], true));

            return array_values($seen);
            PHP, [$what, $action]);
    }

    /**
     * A task that was refused for now, waited, and has its picture.
     *
     * @param list<array<string, mixed>> $course
     */
    private static function assertWaited(array $course): void
    {
        $waiting = array_values(array_filter($course, static fn (array $task) => $task['stage'] === 'waiting to retry'));
        self::assertNotEmpty($waiting);
        self::assertNull($waiting[0]['fail_code']);
        self::assertGreaterThan($waiting[0]['created_at'], $waiting[0]['not_before']);
        $last = end($course);
        self::assertSame(['SUCCESS', null, null], [$last['status'], $last['stage'], $last['not_before']]);
        self::assertGreaterThanOrEqual($waiting[0]['not_before'], $last['started_at'] ?? $last['finished_at']);
    }

    private static function appeal(Hub $hub, string $id, string $outcome): void
    {
        $hub->simulator->control('config', ['set' => ['appeal' => $outcome]]);
        $task = $hub->until($id, static fn (array $task) => $task['stage'] === 'moderated');
        self::assertSame(['SUBMITTED', null, ['Appeal']], [$task['status'], $task['fail_code'], array_column($task['buttons'], 'label')]);
        self::assertStringStartsWith(Guide::words('MODERATED'), $task['notes'][0]);

        $hub->simulator->control('foreign', [
            'user_id' => $hub->simulator->says['user_id'],
            'message_id' => $task['message_id'],
            'custom_id' => $task['buttons'][0]['custom_id'],
        ]);
        $task = $hub->ended($id);
        if ($outcome === 'rejected') {
            Guide::assertFailed('MODERATED', $task);

            return;
        }
        self::assertSame(['SUCCESS', []], [$task['status'], $task['notes']], (string) $task['fail_reason']);
        self::assertNotContains('Appeal', array_column($task['buttons'], 'label'));
        self::assertContains($task['job_id'], array_column($hub->simulator->record()['interactions'], 'job_id'));
    }
}
