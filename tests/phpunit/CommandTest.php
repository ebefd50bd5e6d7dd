<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

use PHPUnit\Framework\TestCase;

require_once __DIR__ . '/../phpt/picture.inc';

/** Every command of PHP's, against a hub with the user's own session; where a bot's suffices, there too. */
final class CommandTest extends TestCase
{
    /** @return array<string, array{string}> */
    public function gateways(): array
    {
        return ['user' => ['user'], 'bot' => ['bot'], 'both' => ['both']];
    }

    /** @dataProvider gateways */
    public function testDescribedPictureBecomesFourPicturesOfOneGroup(string $gateway): void
    {
        $hub = new Hub(['gateway' => $gateway]);
        $described = $this->succeeds($hub, 'mj_describe', data_uri(png()));
        self::assertSame('DESCRIBE', $described['action']);
        self::assertCount(4, $described['texts']);
        self::assertContains('imagine_all', array_column($described['buttons'], 'action'));
        if ($gateway === 'bot') {
            return;
        }

        $group = $this->succeeds($hub, 'mj_action', $described['id'], 'imagine_all');
        self::assertCount(4, $group['tasks']);
        self::assertCount(4, $group['images']);
        foreach ($hub->call('mj_poll_many', $group['tasks']) as $id => $task) {
            self::assertSame([$group['id'], 'SUCCESS'], [$task['group_id'], $task['status']], $id);
        }
    }

    public function testShortenedPromptIsListed(): void
    {
        $task = $this->succeeds(new Hub(['gateway' => 'user']), 'mj_shorten', 'a very long story of a cat');
        self::assertSame('SHORTEN', $task['action']);
        self::assertNotEmpty($task['texts']);
        self::assertTrue(array_is_list($task['texts']));
    }

    public function testInfoHasNamedFields(): void
    {
        $task = $this->succeeds(new Hub(['gateway' => 'user']), 'mj_command', 'info');
        self::assertArrayHasKey('subscription', $task['texts']);
    }

    public function testVersionIsChosenFromTheSettingsMenu(): void
    {
        $hub = new Hub(['gateway' => 'user']);
        $settings = $this->succeeds($hub, 'mj_command', 'settings');
        $menus = array_values(array_filter($settings['buttons'], static fn (array $one) => isset($one['choices'])));
        $other = array_values(array_filter($menus[0]['choices'], static fn (array $one) => !$one['selected']))[0];

        $task = $this->succeeds($hub, 'mj_action', $settings['id'], $menus[0]['custom_id'], ['values' => $other['value']]);
        self::assertNotSame($settings['texts']['version'], $task['texts']['version']);
    }

    /** @dataProvider gateways */
    public function testGroupIsOneTask(string $gateway): void
    {
        $hub = new Hub(['gateway' => $gateway]);
        $group = $this->succeeds($hub, 'mj_imagine', 'a {red, blue} fox');
        self::assertCount(2, $group['tasks']);
        self::assertCount(2, $hub->call('mj_download', $group['id'], $hub->directory()));
    }

    /** @dataProvider gateways */
    public function testJobIsShownAgain(string $gateway): void
    {
        $hub = new Hub(['gateway' => $gateway]);
        $grid = $hub->picture('a grid of four');
        $shown = $this->succeeds($hub, 'mj_show', $grid['id']);
        self::assertSame($grid['job_id'], $shown['job_id']);
        self::assertContains('upscale1', array_column($shown['buttons'], 'action'));
    }

    public function testSeedIsMidjourneysOwn(): void
    {
        $hub = new Hub(['gateway' => 'user']);
        $grid = $hub->picture('a grid of four', ['seed' => 4711]);
        $task = $this->succeeds($hub, 'mj_action', $grid['id'], 'seed');
        self::assertSame(['SEED', 4711], [$task['action'], $task['seed']]);
    }

    public function testRegionIsVariedUnderItsMask(): void
    {
        $hub = new Hub(['gateway' => 'user']);
        $grid = $hub->picture('a grid of four');
        $picture = $hub->press($grid['id'], 'upscale1');
        $task = $this->succeeds($hub, 'mj_action', $picture['id'], 'vary_region', [
            'mask' => data_uri(png()),
            'prompt' => 'a hat',
        ]);
        self::assertStringContainsString('a hat', $task['final_prompt']);
    }

    public function testRunningButtonJobIsNotCancelledBlindly(): void
    {
        $hub = new Hub(['gateway' => 'bot'], ['--speed', '2']);
        $grid = $hub->picture('a grid of four');
        $id = $hub->call('mj_action', $grid['id'], 'variation1');
        $hub->until($id, static fn (array $task) => $task['status'] !== 'NOT_START');
        $reason = $hub->run(
            'try { mj_cancel($data); } catch (Mj\ActionUnavailableException $e) { return $e->reason; }',
            $id,
        );
        self::assertSame('NEEDS_USER_GATEWAY', $reason);
    }

    /** @return array<string, mixed> */
    private function succeeds(Hub $hub, string $function, mixed ...$arguments): array
    {
        $task = $hub->ended($hub->call($function, ...$arguments));
        self::assertSame('SUCCESS', $task['status'], (string) $task['fail_reason']);

        return $task;
    }
}
