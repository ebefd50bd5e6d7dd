<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

use PHPUnit\Framework\TestCase;

/** What is seen of a task on its way, and how it is stopped. */
final class CancelTest extends TestCase
{
    use SharedHubs;

    /** @return array<string, array{string}> */
    public function gateways(): array
    {
        return ['user' => ['user'], 'bot' => ['bot'], 'both' => ['both']];
    }

    /** @return array<string, array{string}> */
    public function seeing(): array
    {
        return ['user' => ['user'], 'both' => ['both']];
    }

    /** @dataProvider gateways */
    public function testProgressIsSeenFromTheQueueToThePicture(string $gateway): void
    {
        $hub = self::hub($gateway);
        self::assertSame('SUCCESS', $hub->picture('what three pictures take --repeat 3')['status']);
        $hub->simulator->control('config', ['set' => ['hold_finals' => true]]);
        $id = $hub->call('mj_imagine', 'a picture that takes its time');
        $running = $hub->until($id, static fn (array $task) => $task['preview_url'] !== null);
        self::assertSame('IN_PROGRESS', $running['status']);
        self::assertGreaterThan(0, $running['progress']);
        self::assertLessThan(100, $running['progress']);
        self::assertNull($running['image_url']);
        self::assertNull($running['queue_position']);
        self::assertSame('RIFF', file_get_contents($running['preview_url'], false, null, 0, 4));
        // Three were made before: so there is something to estimate from.
        self::assertGreaterThan($running['started_at'], $running['estimated_at']);

        $hub->simulator->control('release');
        $ended = $hub->ended($id);
        self::assertPictureIsTrue($hub, $ended, 'imagine');
        self::assertSame([null, null], [$ended['stage'], $ended['estimated_at']]);
        self::assertGreaterThan($running['revision'], $ended['revision']);
    }

    public function testPlaceInTheQueueIsTold(): void
    {
        $hub = new Hub(['gateway' => 'user', 'concurrency' => 1, 'spacing' => '10ms'], ['--speed', '200', '--config', '{"hold_finals":true}']);
        $first = $hub->call('mj_imagine', 'the first');
        $hub->until($first, static fn (array $task) => $task['status'] === 'IN_PROGRESS');
        $ids = [$hub->call('mj_imagine', 'the second'), $hub->call('mj_imagine', 'the third')];
        foreach ($ids as $place => $id) {
            $task = $hub->until($id, static fn (array $task) => $task['queue_position'] === $place);
            self::assertSame(['NOT_START', 0], [$task['status'], $task['progress']]);
        }
        // Urgent ones go first.
        $urgent = $hub->call('mj_imagine', 'the urgent', ['priority' => 10]);
        $hub->until($ids[0], static fn (array $task) => $task['queue_position'] === 1);
        self::assertSame(0, $hub->call('mj_poll', $urgent)['queue_position']);
        // What was not sent is cancelled at once, and never sent.
        self::assertTrue($hub->call('mj_cancel', $ids[0]));
        self::assertSame('CANCEL', $hub->call('mj_poll', $ids[0])['status']);
        $hub->simulator->control('config', ['set' => ['hold_finals' => false]]);
        $hub->simulator->control('release');
        foreach ([$first, $urgent, $ids[1]] as $id) {
            self::assertSame('SUCCESS', $hub->ended($id)['status']);
        }
        $words = array_map(static fn (array $job) => implode(' ', array_slice(explode(' ', $job['prompt']), 0, 2)), $hub->simulator->jobs());
        self::assertSame(['the first', 'the urgent', 'the third'], $words);
    }

    /** @dataProvider gateways */
    public function testLatePictureOfACancelledPromptIsNobodysElse(string $gateway): void
    {
        $hub = self::hub($gateway);
        $hub->simulator->control('config', ['set' => ['hold_finals' => true]]);
        $id = $hub->call('mj_imagine', 'a picture that nobody wants', ['seed' => 99]);
        $hub->until($id, static fn (array $task) => $task['progress'] > 10);

        // Midjourney offers no Cancel Job on a prompt's message: it goes on there, and is over for us.
        self::assertTrue($hub->call('mj_cancel', $id));
        $task = $hub->ended($id);
        self::assertSame(['CANCEL', null], [$task['status'], $task['image_url']], (string) $task['fail_reason']);
        self::assertFalse($hub->call('mj_cancel', $id));

        // The same again gets its own picture, not the late one.
        $again = $hub->call('mj_imagine', 'a picture that nobody wants', ['seed' => 99]);
        $hub->simulator->control('config', ['set' => ['hold_finals' => false]]);
        $hub->simulator->control('release');
        $wanted = $hub->ended($again);
        self::assertPictureIsTrue($hub, $wanted, 'imagine');
        $jobs = preg_grep('/nobody wants/', array_column($hub->simulator->jobs(), 'prompt', 'job_id'));
        self::assertCount(2, $jobs);
        self::assertSame($wanted['job_id'], array_key_last($jobs));
        self::assertSame('CANCEL', $hub->call('mj_poll', $id)['status']);
    }

    /** @dataProvider seeing */
    public function testRunningButtonJobIsReallyStopped(string $gateway): void
    {
        $hub = self::hub($gateway);
        $grid = self::parent($gateway, 'grid');
        $hub->simulator->control('config', ['set' => ['hold_finals' => true]]);
        $id = $hub->call('mj_action', $grid['id'], 'variation1');
        $task = $hub->until($id, static fn (array $task) => $task['status'] === 'IN_PROGRESS');

        self::assertTrue($hub->call('mj_cancel', $id));
        self::assertSame('CANCEL', $hub->ended($id)['status']);
        self::assertContains("MJ::CancelJob::ByJobid::{$task['job_id']}", $this->presses($hub));
        $jobs = array_filter($hub->simulator->jobs(), static fn (array $one) => $one['job_id'] === $task['job_id']);
        self::assertSame(['cancelled'], array_column($jobs, 'state'));
    }

    /** @return list<string> */
    private function presses(Hub $hub): array
    {
        return array_column($hub->simulator->record()['interactions'], 'custom_id');
    }
}
