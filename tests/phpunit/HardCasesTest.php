<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

use Mj\Tests\Process\Prompt;
use PHPUnit\Framework\TestCase;

/**
 * What makes messages hard to tell apart, all of it at once, on every kind of gateway, with two accounts of which at most
 * one has a session. The tests then ask for each task whether it got its own picture.
 */
final class HardCasesTest extends TestCase
{
    use SharedHubs;

    private const GATEWAYS = ['user', 'bot', 'both', 'off'];

    /** @var array<string, array<string, array<string, mixed>>> by gateway and name: tasks whose buttons are pressed */
    private static array $pressed = [];

    /** @var array<string, array<string, array<string, mixed>>> by gateway and name: tasks in the order of their submission */
    private static array $tasks = [];

    /** @var array<string, array<string, array<string, mixed>>> the slow ones after their time-out, before their pictures came */
    private static array $timedOut = [];

    public static function setUpBeforeClass(): void
    {
        self::$tasks = self::$pressed = self::$timedOut = [];
        // Hub by hub in small steps, so that the slowest kind of gateway holds up nobody.
        $ids = [];
        foreach (self::GATEWAYS as $gateway) {
            foreach (['one', 'two', 'three', 'four', 'slow'] as $name) {
                $prompt = $name === 'slow' ? 'a slow grid simulate:press-hold' : "grid $name --seed 424242";
                // One seed for all grids: their own pictures keep them apart from what is made out of them.
                $ids[$gateway][$name] = self::submit($gateway, 'mj_imagine', $prompt);
            }
            $ids[$gateway]['other'] = self::submit($gateway, 'mj_imagine', 'a grid of the other account', ['account' => 'account1']);
        }
        self::$pressed = self::finish($ids);
        $ids = [];
        foreach (self::GATEWAYS as $gateway) {
            $ids[$gateway]['single'] = self::submit($gateway, 'mj_action', self::$pressed[$gateway]['four']['id'], 'upscale1');
        }
        foreach (self::finish($ids) as $gateway => $tasks) {
            self::$pressed[$gateway] += $tasks;
        }
        $ids = array_map(static fn (string $gateway) => self::everythingAtOnce($gateway), array_combine(self::GATEWAYS, self::GATEWAYS));
        $slow = [];
        foreach ($ids as $gateway => $named) {
            foreach (['slow picture', 'slow V1'] as $name) {
                $slow[$gateway][$name] = $named[$name];
                unset($ids[$gateway][$name]);
            }
            unset($ids[$gateway]['after slow V1']);
            $slow[$gateway]['after slow V1'] = $named['after slow V1'];
        }
        self::$tasks = self::finish($ids);
        foreach (self::GATEWAYS as $gateway) {
            self::latePictures($gateway, $slow[$gateway]);
        }
    }

    /** @return array<string, string> ids by name */
    private static function everythingAtOnce(string $gateway): array
    {
        $on = self::$pressed[$gateway];
        $hub = self::hub($gateway, 2);
        $foreign = static fn (array $what) => $hub->simulator->control('foreign', $what);
        $press = static fn (string $grid, string $verb): array => [
            'message_id' => $on[$grid]['message_id'], 'custom_id' => "MJ::JOB::$verb::{$on[$grid]['job_id']}",
        ];
        $us = ['user_id' => $hub->simulator->says['user_id']];
        // Before ours: another member and another session of our account. In sight of our own session it may press the
        // very button; elsewhere only its index tells.
        $foreign($press('two', 'variation::1'));
        $foreign($press('two', 'upsample::1'));
        $foreign($press('two', 'upsample::2') + $us);
        if (in_array($gateway, ['user', 'both'], true)) {
            $foreign($press('two', 'variation::1') + $us);
            $foreign($press('two', 'upsample::1') + $us);
        }
        $foreign(['prompt' => 'grid five --seed 424242']);
        $ids = [];
        foreach (self::asked($on) as $name => [$function, $arguments]) {
            $ids[$name] = self::submit($gateway, $function, ...$arguments);
        }
        // And after them.
        $foreign($press('two', 'variation::1'));
        $foreign($press('two', 'upsample::1'));
        $foreign(['prompt' => 'grid five --seed 424242']);

        return $ids;
    }

    /**
     * @param  array<string, array<string, mixed>> $on
     * @return array<string, array{string, list<mixed>}>
     */
    private static function asked(array $on): array
    {
        $press = static fn (string $parent, string $action, array $options = []) => ['mj_action', [$on[$parent]['id'], $action, $options]];

        return [
            'V1' => $press('one', 'variation1'),
            'V2' => $press('one', 'variation2'),
            'zoom 2x' => $press('single', 'zoom_out_2x'),
            'zoom 1.5x' => $press('single', 'zoom_out_1_5x'),
            'subtle' => $press('single', 'upscale_subtle'),
            'creative' => $press('single', 'upscale_creative'),
            'U3' => $press('one', 'upscale3'),
            'U3 again' => $press('one', 'upscale3'),
            'V4' => $press('four', 'variation4'),
            'V4 again' => $press('four', 'variation4'),
            'our V1' => $press('two', 'variation1'),
            'our U1' => $press('two', 'upscale1'),
            'words, first' => ['mj_imagine', ['the same words --seed 77', ['images' => ['https://images.example/first.png']]]],
            'words, second' => ['mj_imagine', ['the same words --seed 77', ['images' => ['https://images.example/second.png']]]],
            'reroll' => $press('three', 'reroll'),
            'its seed' => ['mj_imagine', ['grid three --seed 424242']],
            'foreign seed' => ['mj_imagine', ['grid five --seed 424242']],
            'other V1' => $press('other', 'variation1'),
            'other V2' => $press('other', 'variation2'),
            'other U1' => $press('other', 'upscale1'),
            'other picture' => ['mj_imagine', ['twins', ['account' => 'account1']]],
            'main picture' => ['mj_imagine', ['twins', ['account' => 'main']]],
            'slow picture' => ['mj_imagine', ['a slow picture simulate:hold', ['timeout' => 10]]],
            'slow V1' => $press('slow', 'variation1', ['timeout' => 10]),
            'after slow V1' => $press('slow', 'variation2'),
        ];
    }

    /**
     * Waits until the slow tasks have timed out, and then for their pictures.
     *
     * @param array<string, string> $ids
     */
    private static function latePictures(string $gateway, array $ids): void
    {
        $hub = self::hub($gateway, 2);
        foreach (['slow picture', 'slow V1'] as $name) {
            self::$timedOut[$gateway][$name] = $hub->ended($ids[$name]);
        }
        foreach ($ids as $name => $id) {
            self::$tasks[$gateway][$name] = $hub->until($id, static function (array $task) use ($hub): bool {
                $hub->simulator->control('release');

                return $task['status'] === 'SUCCESS';
            });
        }
    }

    private static function submit(string $gateway, string $function, mixed ...$arguments): string
    {
        return self::hub($gateway, 2)->call($function, ...$arguments);
    }

    /**
     * @param  array<string, array<string, string>>               $ids by gateway and name
     * @return array<string, array<string, array<string, mixed>>>
     */
    private static function finish(array $ids): array
    {
        $tasks = [];
        foreach ($ids as $gateway => $named) {
            foreach ($named as $name => $id) {
                $tasks[$gateway][$name] = $task = self::hub($gateway, 2)->ended($id);
                self::assertSame('SUCCESS', $task['status'], "$gateway, $name: {$task['fail_code']} {$task['fail_reason']}");
            }
        }

        return $tasks;
    }

    /** @return array<string, array{string}> */
    public function gateways(): array
    {
        return array_map(static fn (string $gateway) => [$gateway], array_combine(self::GATEWAYS, self::GATEWAYS));
    }

    /** @dataProvider gateways */
    public function testTwoVariationsOfOneGridAtOnce(string $gateway): void
    {
        self::assertPressed($gateway, 'V1', 'one', 'MJ::JOB::variation::1::#', 'variation1');
        self::assertPressed($gateway, 'V2', 'one', 'MJ::JOB::variation::2::#', 'variation2');
    }

    /** @dataProvider gateways */
    public function testTwoZoomsAtOnce(string $gateway): void
    {
        self::assertPressed($gateway, 'zoom 2x', 'single', 'MJ::Outpaint::50::1::#::SOLO', 'zoom');
        self::assertPressed($gateway, 'zoom 1.5x', 'single', 'MJ::Outpaint::75::1::#::SOLO', 'zoom');
    }

    /** @dataProvider gateways */
    public function testTwoLargerPicturesAtOnce(string $gateway): void
    {
        self::assertPressed($gateway, 'subtle', 'single', 'MJ::JOB::upsample_v7_2x_subtle::1::#::SOLO', 'upscale_subtle');
        self::assertPressed($gateway, 'creative', 'single', 'MJ::JOB::upsample_v7_2x_creative::1::#::SOLO', 'upscale_creative');
    }

    /** @dataProvider gateways */
    public function testTheSameButtonTwice(string $gateway): void
    {
        foreach (['U3' => ['one', 'upsample::3', 'upscale3'], 'V4' => ['four', 'variation::4', 'variation4']] as $name => [$grid, $verb, $made]) {
            $first = self::assertPressed($gateway, $name, $grid, "MJ::JOB::$verb::#", $made);
            $second = self::assertPressed($gateway, "$name again", $grid, "MJ::JOB::$verb::#", $made);
            self::assertLessThan((int) $second['id'], (int) $first['id'], 'the first task has the first press');
        }
    }

    /** @dataProvider gateways */
    public function testTheSameWordsWithTwoPictures(string $gateway): void
    {
        foreach (['first', 'second'] as $name) {
            $job = self::assertPictureIsTrue(self::hub($gateway, 2), self::$tasks[$gateway]["words, $name"], 'imagine');
            self::assertStringContainsString("/$name.png", $job['prompt']);
        }
    }

    /** @dataProvider gateways */
    public function testALateFinalAfterTheTimeOut(string $gateway): void
    {
        $hub = self::hub($gateway, 2);
        foreach (['slow picture' => 'imagine', 'slow V1' => 'variation1'] as $name => $made) {
            $before = self::$timedOut[$gateway][$name];
            // Elsewhere than in its account's own session nothing is seen of a press before its picture.
            $isOwn = in_array($gateway, ['user', 'both'], true) && $before['account'] === 'main';
            $code = $name === 'slow V1' && !$isOwn ? 'UNSEEN' : 'TIMEOUT';
            self::assertSame(['FAILURE', $code], [$before['status'], $before['fail_code']], "$name: {$before['fail_reason']}");
            $after = self::$tasks[$gateway][$name];
            self::assertTrue($after['late']);
            self::assertNull($after['fail_code']);
            self::assertGreaterThan($before['revision'], $after['revision']);
            self::assertPictureIsTrue($hub, ['late' => false] + $after, $made);
        }
        self::assertPressed($gateway, 'after slow V1', 'slow', 'MJ::JOB::variation::2::#', 'variation2');
    }

    /** @dataProvider gateways */
    public function testAnotherMembersAndAnotherSessionsPress(string $gateway): void
    {
        self::assertPressed($gateway, 'our V1', 'two', 'MJ::JOB::variation::1::#', 'variation1');
        self::assertPressed($gateway, 'our U1', 'two', 'MJ::JOB::upsample::1::#', 'upscale1');
        self::assertPictureIsTrue(self::hub($gateway, 2), self::$tasks[$gateway]['foreign seed'], 'imagine');
    }

    /** @dataProvider gateways */
    public function testAUserGivenSeedWithARerollOfAnOlderGrid(string $gateway): void
    {
        self::assertPressed($gateway, 'reroll', 'three', 'MJ::JOB::reroll::0::#::SOLO', 'reroll');
        $task = self::$tasks[$gateway]['its seed'];
        $job = self::assertPictureIsTrue(self::hub($gateway, 2), $task, 'imagine');
        self::assertSame([424242, 2], [Prompt::seed($job['prompt']), $job['type']]);
        self::assertNotSame(self::$pressed[$gateway]['three']['job_id'], $task['job_id']);
    }

    /** @dataProvider gateways */
    public function testTwoAccountsOfWhichOneHasASession(string $gateway): void
    {
        $hub = self::hub($gateway, 2);
        $users = array_column($hub->simulator->says['accounts'], 'user_id');
        foreach (['variation1' => 'other V1', 'variation2' => 'other V2', 'upscale1' => 'other U1'] as $made => $name) {
            $verb = strtr($made, ['variation' => 'variation::', 'upscale' => 'upsample::']);
            $press = self::assertPressed($gateway, $name, 'other', "MJ::JOB::$verb::#", $made);
            self::assertSame(['account1', $users[1]], [self::$tasks[$gateway][$name]['account'], (string) $press['user_id']]);
        }
        foreach (['main picture' => $users[0], 'other picture' => $users[1]] as $name => $user) {
            $job = self::assertPictureIsTrue($hub, self::$tasks[$gateway][$name], 'imagine');
            self::assertSame($user, (string) $job['user_id']);
            self::assertSame(self::$tasks[$gateway][$name]['seed'], Prompt::seed($job['prompt']));
        }
    }

    /** @dataProvider gateways */
    public function testNothingIsLostNothingIsSentTwice(string $gateway): void
    {
        $tasks = [...array_values(self::$pressed[$gateway]), ...array_values(self::$tasks[$gateway])];
        $jobs = array_column($tasks, 'job_id');
        self::assertSame($jobs, array_values(array_unique($jobs)), 'no job has two tasks');
        $ours = array_filter(self::hub($gateway, 2)->simulator->record()['interactions'], static fn (array $one) => !$one['foreign']);
        self::assertCount(count($tasks), $ours);
        self::assertEqualsCanonicalizing($jobs, array_merge(...array_column($ours, 'job_ids')));
    }

    /** @return array<string, mixed> the press behind a task of the scene */
    private static function assertPressed(string $gateway, string $name, string $parent, string $customId, string $made): array
    {
        return self::assertPressMadeIt(
            self::hub($gateway, 2),
            self::$pressed[$gateway][$parent],
            self::$tasks[$gateway][$name],
            $customId,
            $made,
        );
    }
}
