<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

use Mj\Tests\Process\Prompt;
use PHPUnit\Framework\TestCase;

/** From a prompt to the picture on disk, on every kind of gateway. */
final class ImagineTest extends TestCase
{
    /** @return array<string, array{string}> */
    public function gateways(): array
    {
        return ['bot' => ['bot'], 'user' => ['user'], 'both' => ['both'], 'off' => ['off']];
    }

    /** @dataProvider gateways */
    public function testPictureIsTheOneThatMidjourneyMade(string $gateway): void
    {
        $hub = new Hub(['gateway' => $gateway]);
        $task = $hub->picture('a lighthouse in the fog --ar 3:2', ['state' => 'order 7']);

        self::assertSame('SUCCESS', $task['status'], (string) $task['fail_reason']);
        self::assertSame('IMAGINE', $task['action']);
        self::assertSame(100, $task['progress']);
        self::assertSame('a lighthouse in the fog --ar 3:2', $task['prompt']);
        self::assertSame('order 7', $task['state']);
        self::assertSame('main', $task['account']);
        self::assertNull($task['fail_code']);
        self::assertFalse($task['late']);
        self::assertCount(1, $task['images']);
        self::assertSame($task['image_url'], $task['images'][0]['url']);
        self::assertContains('upscale1', array_column($task['buttons'], 'action'));
        self::assertGreaterThanOrEqual($task['submitted_at'], $task['finished_at']);

        $files = $hub->call('mj_download', $task['id'], $hub->directory());
        self::assertCount(1, $files);
        $job = $hub->job($task);
        self::assertSame($job['sha256'], hash_file('sha256', $files[0]));
        self::assertSame((string) $job['final_message_id'], $task['message_id']);
        [$width, $height] = getimagesize($files[0]);
        self::assertSame([$task['images'][0]['width'], $task['images'][0]['height']], [$width, $height]);
        self::assertSame($task['images'][0]['size'], filesize($files[0]));
    }

    public function testProgressIsSeenByAnotherProcess(): void
    {
        $hub = new Hub(['gateway' => 'both']);
        $hub->simulator->control('config', ['set' => ['hold_finals' => true]]);
        $id = $hub->call('mj_imagine', 'a slow picture');

        $running = $hub->until($id, static fn (array $task) => $task['progress'] > 0);
        self::assertSame('IN_PROGRESS', $running['status']);
        self::assertNull($running['image_url']);
        self::assertNotNull($running['started_at']);

        $hub->simulator->control('release');
        self::assertSame('SUCCESS', $hub->ended($id)['status']);
    }

    public function testSeedTagIsHidden(): void
    {
        $hub = new Hub(['gateway' => 'bot']);
        $task = $hub->picture('a cat on a wall');

        self::assertSame('SUCCESS', $task['status'], (string) $task['fail_reason']);
        self::assertStringNotContainsString('--seed', $task['prompt'] . $task['final_prompt']);
        self::assertSame($task['seed'], Prompt::seed($hub->job($task)['prompt']));
    }

    public function testOwnSeedIsKept(): void
    {
        $hub = new Hub(['gateway' => 'bot']);
        $task = $hub->picture('a cat on a wall --seed 77');

        self::assertSame(77, $task['seed']);
        self::assertSame(77, Prompt::seed($hub->job($task)['prompt']));
    }

    public function testSamePromptTwiceGivesTwoPictures(): void
    {
        $hub = new Hub(['gateway' => 'bot', 'spacing' => '50ms']);
        $ids = [$hub->call('mj_imagine', 'twins'), $hub->call('mj_imagine', 'twins')];
        $tasks = array_map([$hub, 'ended'], $ids);

        self::assertSame(['SUCCESS', 'SUCCESS'], array_column($tasks, 'status'));
        self::assertNotSame($tasks[0]['job_id'], $tasks[1]['job_id']);
        foreach ($tasks as $task) {
            self::assertSame($task['seed'], Prompt::seed($hub->job($task)['prompt']));
        }
        self::assertCount(2, $hub->simulator->jobs());
    }

    public function testRefusedPromptSaysWhy(): void
    {
        $hub = new Hub(['gateway' => 'both']);
        $task = $hub->picture('simulate:banned');

        self::assertSame('FAILURE', $task['status']);
        self::assertSame('BANNED_PROMPT', $task['fail_code']);
        self::assertNotSame('', (string) $task['fail_reason']);
        self::assertFalse($task['retryable']);
        self::assertNotNull($task['finished_at']);
    }

    public function testWaitingProcessIsOwnerEnough(): void
    {
        $hub = new Hub(['gateway' => 'user'], owned: false);
        $task = $hub->run('return mj_wait(mj_imagine("a picture without a daemon"), 60.0);');

        self::assertSame('SUCCESS', $task['status'], (string) $task['fail_reason']);
        self::assertSame(1, $hub->simulator->record()['identifies']);
    }
}
