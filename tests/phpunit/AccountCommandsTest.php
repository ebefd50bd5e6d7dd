<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

use PHPUnit\Framework\TestCase;

/** Commands that are answered to the account alone: shorten, info, settings, modes, remix, seeds; and show. */
final class AccountCommandsTest extends TestCase
{
    use SharedHubs;

    private const NIJI = '1022952195194359889';

    /** @return array<string, array{string}> those that see what only the account's own session sees */
    public function seeing(): array
    {
        return ['user' => ['user'], 'both' => ['both']];
    }

    /** @return array<string, array{string}> */
    public function gateways(): array
    {
        return ['user' => ['user'], 'bot' => ['bot'], 'both' => ['both']];
    }

    /** @return array<string, array{string}> */
    public function blind(): array
    {
        return ['bot' => ['bot'], 'off' => ['off']];
    }

    /** @dataProvider seeing */
    public function testShortenGivesFivePrompts(string $gateway): void
    {
        $hub = self::hub($gateway);
        $prompt = 'please paint for me a very large and very quiet picture of an old lighthouse by the sea';
        foreach (['midjourney', 'niji'] as $bot) {
            $task = self::done($hub, 'mj_shorten', $prompt, ['bot' => $bot]);
            self::assertSame(['SHORTEN', $prompt], [$task['action'], $task['prompt']]);
            self::assertCount(5, $task['texts']);
            foreach ($task['texts'] as $text) {
                self::assertSame([], array_diff(explode(' ', $text), explode(' ', $prompt)), $text);
            }
            $names = array_column($task['buttons'], 'action');
            self::assertSame(['imagine1', 'imagine2', 'imagine3', 'imagine4', 'imagine5'], array_slice($names, 0, 5));
            $sent = self::last($hub, 'shorten');
            self::assertSame([$prompt, $bot === 'niji'], [$sent['prompt'], (string) $sent['application_id'] === self::NIJI]);
        }
    }

    /** @dataProvider gateways */
    public function testOwnJobIsShownAgain(string $gateway): void
    {
        $hub = self::hub($gateway);
        $grid = self::parent($gateway, 'grid');
        foreach ([$grid['job_id'], $grid['id']] as $name) {
            $task = self::done($hub, 'mj_show', $name);
            self::assertSame(['SHOW', $grid['job_id']], [$task['action'], $task['job_id']]);
            self::assertSame($grid['job_id'], self::last($hub, 'show')['options']['job_id']);
            self::assertNotSame($grid['message_id'], $task['message_id']);
            self::assertSame(array_column($grid['buttons'], 'custom_id'), array_column($task['buttons'], 'custom_id'));
            self::assertStringContainsString($grid['job_id'], $task['image_url']);
        }
        // Its buttons live.
        self::assertPressMadeIt($hub, $task, $hub->press($task['id'], 'upscale3'), 'MJ::JOB::upsample::3::#', 'upscale3');
    }

    /** @dataProvider seeing */
    public function testUnknownJobIsRefused(string $gateway): void
    {
        $task = self::hub($gateway)->ended(self::hub($gateway)->call('mj_show', '01234567-89ab-4cde-8f01-23456789abcd'));
        self::assertSame(['FAILURE', 'REFUSED'], [$task['status'], $task['fail_code']]);
        self::assertStringContainsString('Unknown job', $task['fail_reason']);
    }

    /** @dataProvider seeing */
    public function testInfoIsReadIntoFields(string $gateway): void
    {
        $hub = self::hub($gateway);
        foreach (['midjourney', 'niji'] as $bot) {
            $task = self::done($hub, 'mj_command', 'info', [], ['bot' => $bot]);
            $texts = $task['texts'];
            self::assertSame(['COMMAND', '/info'], [$task['action'], $task['prompt']]);
            self::assertSame(['pro', 'fast', 'public'], [$texts['plan'], $texts['mode'], $texts['visibility']]);
            self::assertSame($hub->simulator->says['user_id'], $texts['user_id']);
            self::assertSame(['0', '0'], [$texts['queued_jobs_fast'], $texts['queued_jobs_relax']]);
            self::assertGreaterThan(0.0, (float) $texts['fast_hours_left']);
            self::assertLessThanOrEqual(30.0, (float) $texts['fast_hours_left']);
            self::assertGreaterThan(time(), (int) $texts['renews_at']);
            self::assertSame($bot === 'niji', (string) self::last($hub, 'info')['application_id'] === self::NIJI);
        }
    }

    /** @dataProvider seeing */
    public function testModesAreSwitched(string $gateway): void
    {
        $hub = self::hub($gateway);
        foreach (['relax', 'turbo', 'fast'] as $mode) {
            $this->assertSwitched($hub, $mode);
            self::assertSame($mode, $this->info($hub)['mode']);
            self::assertSame($mode, $hub->picture("a cat, $mode")['mode']);
        }
        foreach (['private' => 'stealth', 'public' => 'public', 'stealth' => 'stealth', '/public' => 'public'] as $name => $now) {
            $this->assertSwitched($hub, $name);
            self::assertSame($now, $this->info($hub)['visibility']);
        }
    }

    /** @dataProvider seeing */
    public function testRemixIsSwitched(string $gateway): void
    {
        $hub = self::hub($gateway);
        $on = static fn () => self::done($hub, 'mj_command', 'settings')['texts']['remix_mode'] ?? 'off';
        self::assertSame('off', $on());
        self::assertStringContainsString('on', self::done($hub, 'mj_command', 'prefer remix')['texts'][0]);
        self::assertSame(['prefer', 'remix'], [self::last($hub, 'prefer')['name'], self::last($hub, 'prefer')['subcommand']]);
        self::assertSame('on', $on());
        self::assertStringContainsString('off', self::done($hub, 'mj_command', 'prefer', ['remix'])['texts'][0]);
        self::assertSame('off', $on());
    }

    /** @dataProvider seeing */
    public function testSettingsAreReadAndChanged(string $gateway): void
    {
        $hub = self::hub($gateway);
        $settings = self::done($hub, 'mj_command', 'settings');
        self::assertSame(['on', 'on'], [$settings['texts']['fast_mode'], $settings['texts']['public_mode']]);
        self::assertArrayNotHasKey('relax_mode', $settings['texts']);

        // A button: the panel shows it, a later /info tells it, and so does a later job.
        $relaxed = self::done($hub, 'mj_action', $settings['id'], self::labelled($settings, 'Relax mode'));
        self::assertSame('on', $relaxed['texts']['relax_mode']);
        self::assertArrayNotHasKey('fast_mode', $relaxed['texts']);
        self::assertSame($settings['id'], $relaxed['parent_id']);
        self::assertSame('relax', $this->info($hub)['mode']);
        self::assertSame('relax', $hub->picture('a slow cat')['mode']);
        // The panel that came back can be pressed again.
        $fast = self::done($hub, 'mj_action', $relaxed['id'], self::labelled($relaxed, 'Fast mode'));
        self::assertSame('fast', $this->info($hub)['mode']);

        // The menu.
        $menu = array_values(array_filter($fast['buttons'], static fn (array $one) => isset($one['choices'])))[0];
        self::assertSame(['7'], $this->selected($menu));
        $older = self::done($hub, 'mj_action', $fast['id'], $menu['custom_id'], ['values' => '6.1']);
        self::assertStringContainsString('6.1', $older['texts']['version']);
        self::assertStringEndsWith(' --v 6.1', $hub->picture('an older cat')['final_prompt']);
        $reset = self::done($hub, 'mj_action', $older['id'], $menu['custom_id'], ['values' => ['7']]);
        self::assertSame($settings['texts'], $reset['texts']);
    }

    public function testMenusAndButtonsAreNotMistaken(): void
    {
        $hub = self::hub('user');
        $settings = self::done($hub, 'mj_command', 'settings');
        $menu = array_values(array_filter($settings['buttons'], static fn (array $one) => isset($one['choices'])))[0]['custom_id'];
        $said = $hub->run(<<<'PHP'
            $said = [];
            foreach ($data[1] as [$action, $options]) {
                try {
                    $said[] = mj_action($data[0], $action, $options);
                } catch (ValueError $e) {
                    $said[] = $e->getMessage();
                }
            }
            return $said;
            PHP, [$settings['id'], [[$menu, []], [$menu, ['values' => '99']], [self::labelled($settings, 'Relax mode'), ['values' => '7']]]]);
        self::assertStringContainsString('are missing', $said[0]);
        self::assertStringContainsString("must be among the menu's: ", $said[1]);
        self::assertStringContainsString('are for menus only', $said[2]);
    }

    /** @dataProvider seeing */
    public function testSeedIsMidjourneysOwn(string $gateway): void
    {
        $hub = self::hub($gateway);
        $grid = self::parent($gateway, 'grid');
        $upscaled = self::parent($gateway, 'single');
        foreach ([$grid, $upscaled] as $parent) {
            $task = self::done($hub, 'mj_action', $parent['id'], 'seed');
            $messages = array_column($hub->simulator->control('messages'), 'content');
            $told = array_values(preg_grep("/\\*\\*Job ID\\*\\*: {$parent['job_id']}/", $messages));
            self::assertCount(1, $told);
            self::assertSame(1, preg_match('/\*\*seed\*\* (\d+)/', $told[0], $match));
            self::assertSame(['SEED', (int) $match[1], $parent['id']], [$task['action'], $task['seed'], $task['parent_id']]);
        }
    }

    /** @dataProvider blind */
    public function testWhatCannotBeSeenIsRefusedAtOnce(string $gateway): void
    {
        $hub = self::hub($gateway);
        $grid = self::parent($gateway, 'grid');
        $before = count($hub->simulator->record()['interactions']);
        $said = $hub->run(<<<'PHP'
            $said = [];
            $say = static function (string $name, callable $call) use (&$said): void {
                try {
                    $said[$name] = $call();
                } catch (Mj\ActionUnavailableException $e) {
                    $said[$name] = [$e->reason, $e->getMessage()];
                }
            };
            $say("shorten", static fn () => mj_shorten("a very long prompt"));
            $say("seed", static fn () => mj_action($data, "seed"));
            foreach (["info", "settings", "fast", "relax", "turbo", "public", "private", "stealth", "prefer remix"] as $name) {
                $say($name, static fn () => mj_command($name));
            }
            return $said;
            PHP, $grid['id']);
        self::assertCount(11, $said);
        foreach ($said as $name => $refused) {
            self::assertIsArray($refused, $name);
            self::assertSame('NEEDS_USER_GATEWAY', $refused[0], $name);
            self::assertStringContainsString("\"$name\"", $refused[1]);
            self::assertStringContainsString('mj.gateway', $refused[1]);
        }
        self::assertCount($before, $hub->simulator->record()['interactions']);
    }

    public function testUnknownCommandsNameTheKnown(): void
    {
        $said = self::hub('user')->run(<<<'PHP'
            $said = [];
            foreach ([["nonsense", []], ["imagine", []], ["prefer", ["blue"]], ["fast", ["now"]], ["settings", ["relax"]], ["", []]] as $call) {
                try {
                    $said[] = mj_command(...$call);
                } catch (ValueError $e) {
                    $said[] = $e->getMessage();
                }
            }
            return $said;
            PHP);
        $known = 'no such command; known are fast, info, prefer remix, private, public, relax, settings, stealth, turbo';
        self::assertStringContainsString($known, $said[0]);
        self::assertStringContainsString('call mj_imagine()', $said[1]);
        self::assertStringContainsString($known, $said[2]);
        self::assertStringContainsString('"fast" takes none', $said[3]);
        self::assertStringContainsString('mj_action()', $said[4]);
        self::assertStringContainsString($known, $said[5]);
    }

    /** @return array<string, mixed> */
    private static function done(Hub $hub, string $function, mixed ...$arguments): array
    {
        $task = $hub->ended($hub->call($function, ...$arguments));
        self::assertSame(['SUCCESS', 100, null], [$task['status'], $task['progress'], $task['fail_code']], (string) $task['fail_reason']);

        return $task;
    }

    /** @return array<string, mixed> the last interaction of a command */
    private static function last(Hub $hub, string $name): array
    {
        $all = array_filter($hub->simulator->record()['interactions'], static fn (array $one) => ($one['name'] ?? '') === $name);

        return end($all);
    }

    /** @param array<string, mixed> $settings */
    private static function labelled(array $settings, string $label): string
    {
        $found = array_filter($settings['buttons'], static fn (array $one) => $one['label'] === $label);
        self::assertCount(1, $found, $label);

        return reset($found)['custom_id'];
    }

    /**
     * @param  array<string, mixed> $menu
     * @return list<string>
     */
    private function selected(array $menu): array
    {
        return array_column(array_filter($menu['choices'], static fn (array $one) => $one['selected']), 'value');
    }

    private function assertSwitched(Hub $hub, string $name): void
    {
        $task = self::done($hub, 'mj_command', $name);
        self::assertSame('/' . ltrim($name, '/'), $task['prompt']);
        self::assertStringContainsString('Done', $task['texts'][0]);
        self::assertSame(2, self::last($hub, ltrim($name, '/'))['type']);
    }

    /** @return array<string, string> */
    private function info(Hub $hub): array
    {
        return self::done($hub, 'mj_command', 'info')['texts'];
    }
}
