<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

use PHPUnit\Framework\TestCase;

/** Buttons of a finished grid: U, V and reroll. */
final class ActionTest extends TestCase
{
    /** @return array<string, array{string, string, string, string}> */
    public function buttons(): array
    {
        $buttons = [];
        foreach (['bot', 'user'] as $gateway) {
            $buttons["U1, $gateway"] = [$gateway, 'upscale1', 'UPSCALE', 'upscale1'];
            $buttons["V2, $gateway"] = [$gateway, 'variation2', 'VARIATION', 'variation2'];
            $buttons["reroll, $gateway"] = [$gateway, 'reroll', 'REROLL', 'reroll'];
        }

        return $buttons + ['U3 as ChatMoney calls it' => ['both', 'upsample3', 'UPSCALE', 'upscale3']];
    }

    /** @dataProvider buttons */
    public function testButtonMakesItsPicture(string $gateway, string $name, string $action, string $made): void
    {
        $hub = new Hub(['gateway' => $gateway]);
        $grid = $hub->picture('a grid of four');
        self::assertSame('SUCCESS', $grid['status'], (string) $grid['fail_reason']);

        $task = $hub->press($grid['id'], $name);
        self::assertSame('SUCCESS', $task['status'], (string) $task['fail_reason']);
        self::assertSame($action, $task['action']);
        self::assertSame($grid['id'], $task['parent_id']);
        self::assertNotSame($grid['job_id'], $task['job_id']);

        $job = $hub->job($task);
        self::assertSame($made, $job['action']);
        $files = $hub->call('mj_download', $task['id'], $hub->directory());
        self::assertSame($job['sha256'], hash_file('sha256', $files[0]));
    }

    public function testCustomIdIsAnActionToo(): void
    {
        $hub = new Hub(['gateway' => 'user']);
        $grid = $hub->picture('a grid of four');
        $button = array_values(array_filter($grid['buttons'], static fn (array $one) => $one['action'] === 'upscale4'))[0];

        $task = $hub->press($grid['id'], $button['custom_id']);
        self::assertSame('upscale4', $hub->job($task)['action']);
    }

    public function testFourUpscalesAtOnceAreNotMixedUp(): void
    {
        $hub = new Hub(['gateway' => 'bot', 'spacing' => '50ms']);
        $grid = $hub->picture('a grid of four');
        $ids = [];
        for ($index = 1; $index <= 4; ++$index) {
            $ids["upscale$index"] = $hub->call('mj_action', $grid['id'], "upscale$index");
        }
        foreach ($ids as $action => $id) {
            $task = $hub->ended($id);
            self::assertSame('SUCCESS', $task['status'], (string) $task['fail_reason']);
            self::assertSame($action, $hub->job($task)['action']);
        }
    }

    public function testMissingButtonNamesThoseThatAreThere(): void
    {
        $hub = new Hub(['gateway' => 'user']);
        $grid = $hub->picture('a grid of four');
        $thrown = $hub->run(<<<'PHP'
            try {
                return mj_action($data, "pan_left");
            } catch (Mj\ActionUnavailableException $e) {
                return [$e->getMessage(), $e->reason];
            }
            PHP, $grid['id']);

        self::assertIsArray($thrown);
        self::assertStringContainsString('upscale1', $thrown[0]);
        self::assertSame('NOT_OFFERED', $thrown[1]);
    }
}
