<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

use PHPUnit\Framework\TestCase;

/** Permutations and `--repeat`: single prompts of one group, which is polled as one task. */
final class GroupTest extends TestCase
{
    use SharedHubs;

    /** @return array<string, array{string, string, list<string>}> */
    public function prompts(): array
    {
        $prompts = [];
        foreach (['user', 'bot', 'both'] as $gateway) {
            $prompts["permutation, $gateway"] = [$gateway, 'a {red, blue} ball', ['a red ball', 'a blue ball']];
            $prompts["repeat, $gateway"] = [$gateway, 'a ball --repeat 2 --ar 3:2', ['a ball --ar 3:2', 'a ball --ar 3:2']];
            $prompts["both, $gateway"] = [$gateway, 'a {small, big} hat --r 2', ['a small hat', 'a small hat', 'a big hat', 'a big hat']];
            $prompts["of parameters, $gateway"] = [$gateway, 'a hat --ar {1:1, 3:2}', ['a hat --ar 1:1', 'a hat --ar 3:2']];
        }

        return $prompts;
    }

    /**
     * @dataProvider prompts
     *
     * @param list<string> $sent
     */
    public function testOnePromptBecomesSeveral(string $gateway, string $prompt, array $sent): void
    {
        $hub = self::hub($gateway);
        $group = $hub->picture($prompt, ['state' => 'order 9']);
        self::assertSame(['SUCCESS', 100, 'order 9'], [$group['status'], $group['progress'], $group['state']], (string) $group['fail_reason']);
        self::assertSame([$group['id'], [], null], [$group['group_id'], $group['buttons'], $group['job_id']]);
        self::assertCount(count($sent), $group['tasks']);
        self::assertArrayNotHasKey('failed', $group);

        $tasks = $hub->call('mj_poll_many', $group['tasks']);
        foreach ($sent as $number => $words) {
            $task = $tasks[$group['tasks'][$number]];
            $made = self::assertPictureIsTrue($hub, $task, 'imagine');
            // What Discord was sent makes one job each.
            self::assertSame([$task['job_id']], $made['job_ids']);
            self::assertSame("$words --seed {$task['seed']}", $made['prompt']);
            self::assertSame([$words, $group['id'], 'order 9'], [$task['prompt'], $task['group_id'], $task['state']]);
            self::assertSame($task['images'][0], $group['images'][$number]);
            self::assertContains('upscale1', array_column($task['buttons'], 'action'));
        }
        self::assertCount(count($sent), array_unique(array_column($tasks, 'seed')));
        $listed = $hub->call('mj_tasks', ['group_id' => $group['id']]);
        self::assertEqualsCanonicalizing($group['tasks'], array_column($listed['tasks'], 'id'));
    }

    /** @return array<string, array{string}> */
    public function seeing(): array
    {
        return ['user' => ['user'], 'both' => ['both']];
    }

    /** @dataProvider seeing */
    public function testWhatIsRefusedOfAGroupLeavesTheRest(string $gateway): void
    {
        $hub = self::hub($gateway);
        $group = $hub->picture('a {simulate:banned, quiet} sea');
        self::assertSame(['SUCCESS', 100], [$group['status'], $group['progress']]);
        self::assertCount(1, $group['images']);
        $tasks = array_values($hub->call('mj_poll_many', $group['tasks']));
        self::assertSame(['FAILURE', 'SUCCESS'], array_column($tasks, 'status'));
        self::assertSame('BANNED_PROMPT', $tasks[0]['fail_code']);
        self::assertSame([$group['tasks'][0] => 'BANNED_PROMPT'], $group['failed'], 'a success in part tells so');

        $none = $hub->picture('a {simulate:banned, simulate:banned} sea');
        self::assertSame(['FAILURE', 'BANNED_PROMPT', []], [$none['status'], $none['fail_code'], $none['images']]);
    }

    /** @dataProvider seeing */
    public function testGroupIsSeenOnItsWayAndCancelled(string $gateway): void
    {
        $hub = self::hub($gateway);
        $hub->simulator->control('config', ['set' => ['hold_finals' => true]]);
        $id = $hub->call('mj_imagine', 'a {first, second} cloud');
        $running = $hub->until($id, static fn (array $task) => $task['progress'] > 10);
        self::assertSame(['IN_PROGRESS', null], [$running['status'], $running['finished_at']]);
        self::assertLessThan(100, $running['progress']);

        self::assertTrue($hub->call('mj_cancel', $id));
        $ended = $hub->ended($id);
        self::assertSame('CANCEL', $ended['status']);
        $tasks = $hub->call('mj_poll_many', $ended['tasks']);
        self::assertSame(['CANCEL', 'CANCEL'], array_column($tasks, 'status'));
        self::assertFalse($hub->call('mj_cancel', $id));
    }

    public function testSameKeyIsTheSameGroup(): void
    {
        $hub = self::hub('user');
        $options = ['idempotency_key' => 'order 10'];
        $id = $hub->call('mj_imagine', 'a {round, square} box', $options);
        self::assertSame($id, $hub->call('mj_imagine', 'a {round, square} box', $options));
        self::assertCount(2, $hub->ended($id)['tasks']);
        self::assertSame($id, $hub->call('mj_imagine', 'a {round, square} box', $options));
        $sent = preg_grep('/ box /', array_column($hub->simulator->jobs(), 'prompt'));
        self::assertCount(2, $sent);
    }

    public function testTooManyAreRefusedAtOnce(): void
    {
        $this->expectExceptionMessage('more than 40 jobs');
        self::hub('user')->call('mj_imagine', 'a {a, b, c, d, e, f, g} {a, b, c, d, e, f, g} --repeat 4');
    }
}
