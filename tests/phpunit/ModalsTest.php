<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

use PHPUnit\Framework\TestCase;

/** Every button that opens a modal: with the caller's words, with the modal's own, and where no session sees it. */
final class ModalsTest extends TestCase
{
    use SharedHubs;

    private const WORDS = 'a blue fish under a red sky --ar 3:2';

    /** @return array<string, list<string>> parent, our name, the modal's custom_id, what Midjourney made, the modal's own text */
    private static function remixes(): array
    {
        // In the last column `%s` stands for the parent's prompt as Midjourney echoes it.
        $rows = [
            'reroll' => ['grid', 'reroll', 'MJ::ImagineModal::@', 'reroll', '%s'],
            'vary subtle' => ['single', 'vary_subtle', 'MJ::RemixModal::#::1::0', 'vary_subtle', '%s'],
            'vary strong' => ['single', 'vary_strong', 'MJ::RemixModal::#::1::1', 'vary_strong', '%s'],
            'zoom 2x' => ['single', 'zoom_out_2x', 'MJ::OutpaintModal::50::1::#', 'zoom', '%s'],
            'zoom 1.5x' => ['single', 'zoom_out_1_5x', 'MJ::OutpaintModal::75::1::#', 'zoom', '%s'],
            'make square' => ['single', 'make_square', 'MJ::OutpaintModal::100::1::#', 'make_square', '%s'],
            'animate high' => ['single', 'animate_high', 'MJ::AnimateModal::#::1::high::0', 'animate_high', '--motion high --video 1'],
            'animate low' => ['single', 'animate_low', 'MJ::AnimateModal::#::1::low::0', 'animate_low', '--motion low --video 1'],
            'extend high' => ['film', 'extend_high', 'MJ::AnimateModal::#::1::high::1', 'extend_high', '--motion high --video 1'],
            'extend low' => ['film', 'extend_low', 'MJ::AnimateModal::#::1::low::1', 'extend_low', '--motion low --video 1'],
        ];
        foreach ([1, 2, 3, 4] as $number) {
            $rows["V$number"] = ['grid', "variation$number", "MJ::RemixModal::#::$number::1", "variation$number", '%s'];
        }
        foreach (['left', 'right', 'up', 'down'] as $direction) {
            $rows["pan $direction"] = ['single', "pan_$direction", "MJ::PanModal::$direction::#::1", "pan_$direction", '%s'];
        }

        return $rows;
    }

    /** @return array<string, list<string>> */
    public function remixButtons(): array
    {
        $rows = [];
        foreach (['user', 'both'] as $gateway) {
            foreach (self::remixes() as $name => $row) {
                $rows["$name, $gateway"] = [$gateway, ...$row];
            }
        }

        return $rows;
    }

    /** @dataProvider remixButtons */
    public function testRemixTakesTheCallersWords(string $gateway, string $parent, string $action, string $customId, string $made): void
    {
        $hub = self::hub($gateway);
        $pressed = self::parent($gateway, $parent);
        $hub->simulator->control('config', ['set' => ['remix' => true]]);
        $task = $hub->press($pressed['id'], $action, ['prompt' => self::WORDS]);

        $submit = self::assertModalMadeIt($hub, $pressed, $task, $customId, $made);
        self::assertSame(self::WORDS, $submit['prompt']);
        self::assertStringStartsWith('a blue fish under a red sky', $submit['final_prompt']);
        self::assertSame([], $task['notes'] ?? []);
    }

    /** @dataProvider remixButtons */
    public function testRemixWithoutWordsSendsTheModalsOwn(string $gateway, string $parent, string $action, string $customId, string $made, string $text): void
    {
        $hub = self::hub($gateway);
        $pressed = self::parent($gateway, $parent);
        $hub->simulator->control('config', ['set' => ['remix' => true]]);
        $task = $hub->press($pressed['id'], $action);

        $submit = self::assertModalMadeIt($hub, $pressed, $task, $customId, $made);
        self::assertStringContainsString(sprintf($text, self::echoed($hub, $pressed)), $submit['prompt']);
    }

    /** @return array<string, array{string}> */
    public function sessions(): array
    {
        return ['user' => ['user'], 'both' => ['both']];
    }

    /** @return array<string, array{string}> */
    public function gateways(): array
    {
        return $this->sessions() + ['bot' => ['bot']];
    }

    /** @return array<string, array{string}> */
    public function blind(): array
    {
        return ['bot' => ['bot'], 'off' => ['off']];
    }

    /** @dataProvider sessions */
    public function testWordsAreNotUsedWhereRemixIsOffAndTheTaskSaysSo(string $gateway): void
    {
        $hub = self::hub($gateway);
        $grid = self::parent($gateway, 'grid');
        $task = $hub->press($grid['id'], 'variation2', ['prompt' => self::WORDS]);

        self::assertPressMadeIt($hub, $grid, $task, 'MJ::JOB::variation::2::#', 'variation2');
        self::assertCount(1, $task['notes']);
    }

    /** @dataProvider sessions */
    public function testRemixSwitchedOnByCommandOpensModals(string $gateway): void
    {
        $hub = self::hub($gateway);
        $grid = self::parent($gateway, 'grid');
        try {
            self::assertSame('SUCCESS', $hub->ended($hub->call('mj_command', 'prefer remix'))['status']);
            $task = $hub->press($grid['id'], 'variation1', ['prompt' => self::WORDS]);
            $submit = self::assertModalMadeIt($hub, $grid, $task, 'MJ::RemixModal::#::1::1', 'variation1');
            self::assertSame(self::WORDS, $submit['prompt']);
        } finally {
            $hub->ended($hub->call('mj_command', 'prefer remix'));
        }
        $task = $hub->press($grid['id'], 'variation1');
        self::assertPressMadeIt($hub, $grid, $task, 'MJ::JOB::variation::1::#', 'variation1');
    }

    /** @dataProvider sessions */
    public function testCustomZoomTakesTheCallersWords(string $gateway): void
    {
        $hub = self::hub($gateway);
        $single = self::parent($gateway, 'single');
        $words = 'a wide room --ar 16:9 --zoom 1.4';
        $task = $hub->press($single['id'], 'custom_zoom', ['prompt' => $words]);

        $submit = self::assertModalMadeIt($hub, $single, $task, 'MJ::OutpaintCustomZoomModal::#', 'zoom');
        self::assertSame($words, $submit['prompt']);
    }

    /** @dataProvider sessions */
    public function testCustomZoomWithoutWordsSendsTheModalsOwn(string $gateway): void
    {
        $hub = self::hub($gateway);
        $single = self::parent($gateway, 'single');
        $task = $hub->press($single['id'], 'custom_zoom');

        $submit = self::assertModalMadeIt($hub, $single, $task, 'MJ::OutpaintCustomZoomModal::#', 'zoom');
        self::assertStringEndsWith(' --ar 3:2 --zoom 2', $submit['prompt']);
    }

    /** @dataProvider sessions */
    public function testInvalidWordsInAModalFailTheTask(string $gateway): void
    {
        $hub = self::hub($gateway);
        $single = self::parent($gateway, 'single');
        $task = $hub->press($single['id'], 'custom_zoom', ['prompt' => 'a room --zoom 9']);

        self::assertSame(['FAILURE', 'INVALID_PARAMETER'], [$task['status'], $task['fail_code']]);
        self::assertStringContainsString('--zoom', $task['fail_reason']);
    }

    /** @return array<string, list<string>> gateway, parent, our name, the modal's custom_id, what Midjourney made */
    public function manualButtons(): array
    {
        $rows = [];
        foreach (['user', 'both'] as $gateway) {
            foreach (['high', 'low'] as $motion) {
                $rows["animate $motion, $gateway"] = [$gateway, 'upscale3', "animate_{$motion}_manual", "MJ::AnimateModal::#::1::$motion::0", "animate_$motion"];
                $rows["extend $motion, $gateway"] = [$gateway, 'upscale3 > animate_low > upscale1', "extend_{$motion}_manual", "MJ::AnimateModal::#::1::$motion::1", "extend_$motion"];
            }
        }

        return $rows;
    }

    /** @dataProvider manualButtons */
    public function testManualVideoAsksForItsPrompt(string $gateway, string $chain, string $action, string $customId, string $made): void
    {
        $hub = self::hub($gateway);
        $hub->simulator->control('config', ['set' => ['manual_buttons' => true]]);
        $pressed = self::made($hub, $gateway, 'a picture that will move --ar 3:2', ...explode(' > ', $chain));

        $own = self::assertModalMadeIt($hub, $pressed, $hub->press($pressed['id'], $action), $customId, $made);
        self::assertStringContainsString('a picture that will move', $own['prompt']);
        $words = 'the door opens slowly';
        $given = self::assertModalMadeIt($hub, $pressed, $hub->press($pressed['id'], $action, ['prompt' => $words]), $customId, $made);
        self::assertSame($words, $given['prompt']);
    }

    /** @dataProvider sessions */
    public function testDescribedPromptsAreImagined(string $gateway): void
    {
        $hub = self::hub($gateway);
        $described = $hub->ended($hub->call('mj_describe', self::picture()));
        self::assertSame('SUCCESS', $described['status'], (string) $described['fail_reason']);
        foreach ([1, 2, 3, 4] as $number) {
            $task = $hub->press($described['id'], "imagine$number");
            $submit = self::assertModalMadeIt($hub, $described, $task, "MJ::Picreader::Modal::$number", 'imagine');
            self::assertSame(self::plain($described['texts'][$number - 1]), self::plain($submit['prompt']));
        }
        $task = $hub->press($described['id'], 'imagine2', ['prompt' => self::WORDS]);
        self::assertSame(self::WORDS, self::assertModalMadeIt($hub, $described, $task, 'MJ::Picreader::Modal::2', 'imagine')['prompt']);
    }

    /** @dataProvider sessions */
    public function testAllDescribedPromptsAreImaginedAsOneGroup(string $gateway): void
    {
        $hub = self::hub($gateway);
        $described = $hub->ended($hub->call('mj_describe', self::picture()));
        $group = $hub->press($described['id'], 'imagine_all');

        self::assertSame('SUCCESS', $group['status'], (string) $group['fail_reason']);
        self::assertCount(4, $group['tasks']);
        $texts = [];
        foreach ($group['tasks'] as $id) {
            $texts[] = self::plain(self::assertPictureIsTrue($hub, $hub->call('mj_poll', $id), 'imagine')['prompt']);
        }
        self::assertSame(array_map([self::class, 'plain'], $described['texts']), $texts);
    }

    /** @dataProvider gateways */
    public function testDescribeIsReadAgain(string $gateway): void
    {
        $hub = self::hub($gateway);
        $described = $hub->ended($hub->call('mj_describe', self::picture()));
        $again = $hub->press($described['id'], 'reroll');

        self::assertSame('SUCCESS', $again['status'], "{$again['fail_code']} {$again['fail_reason']}");
        self::assertCount(4, $again['texts']);
        self::assertNotSame($described['texts'], $again['texts']);
        self::assertContains('imagine4', array_column($again['buttons'], 'action'));
    }

    /** @dataProvider sessions */
    public function testShortenedPromptsAreImagined(string $gateway): void
    {
        $hub = self::hub($gateway);
        $shortened = $hub->ended($hub->call('mj_shorten', 'a tall ship far out at sea painted in oil on a wooden board'));
        self::assertSame('SUCCESS', $shortened['status'], (string) $shortened['fail_reason']);
        foreach ([1, 2, 3, 4, 5] as $number) {
            $task = $hub->press($shortened['id'], "imagine$number");
            $submit = self::assertModalMadeIt($hub, $shortened, $task, 'MJ::ImagineModal::@', 'imagine');
            self::assertSame($shortened['texts'][$number - 1], $submit['prompt']);
        }
        $task = $hub->press($shortened['id'], 'imagine1', ['prompt' => self::WORDS]);
        self::assertSame(self::WORDS, self::assertModalMadeIt($hub, $shortened, $task, 'MJ::ImagineModal::@', 'imagine')['prompt']);
    }

    /** @dataProvider blind */
    public function testModalsNeedTheUsersSession(string $gateway): void
    {
        $hub = self::hub($gateway);
        $describe = $hub->call('mj_describe', self::picture());
        $hub->simulator->control('config', ['set' => ['manual_buttons' => true]]);
        $grid = self::made($hub, $gateway, 'a picture that will move --ar 3:2');
        $single = self::made($hub, $gateway, 'a picture that will move --ar 3:2', 'upscale3');
        $described = $hub->ended($describe);
        $before = count($hub->simulator->record()['interactions']);
        $calls = [
            [$single, 'custom_zoom', []], [$single, 'custom_zoom', ['prompt' => self::WORDS]],
            [$single, 'vary_region', ['mask' => self::picture()]],
            [$grid, 'variation1', ['prompt' => self::WORDS]], [$grid, 'reroll', ['prompt' => self::WORDS]],
            [$single, 'pan_left', ['prompt' => self::WORDS]], [$single, 'zoom_out_2x', ['prompt' => self::WORDS]],
            [$single, 'animate_high_manual', []], [$single, 'animate_low_manual', ['prompt' => self::WORDS]],
            [$described, 'imagine1', []], [$described, 'imagine_all', []],
        ];
        foreach ($calls as [$task, $action, $options]) {
            [$message, $reason] = self::unavailable($hub, $task['id'], $action, $options);
            self::assertSame('NEEDS_USER_GATEWAY', $reason, "$action: $message");
        }
        self::assertCount($before, $hub->simulator->record()['interactions']);
    }

    public function testModalThatNeverComesEndsItsTaskAndHoldsUpNobody(): void
    {
        $ids = [];
        foreach (array_keys($this->sessions()) as $gateway) {
            $single = self::parent($gateway, 'single');
            self::hub($gateway)->simulator->control('refuse', ['name' => 'silent']);
            $ids[$gateway] = self::hub($gateway)->call('mj_action', $single['id'], 'custom_zoom', ['timeout' => 10]);
        }
        foreach ($ids as $gateway => $id) {
            $hub = self::hub($gateway);
            $task = $hub->ended($id);
            self::assertSame(['FAILURE', 'TIMEOUT'], [$task['status'], $task['fail_code']], (string) $task['fail_reason']);
            $single = self::parent($gateway, 'single');
            self::assertModalMadeIt($hub, $single, $hub->press($single['id'], 'custom_zoom'), 'MJ::OutpaintCustomZoomModal::#', 'zoom');
        }
    }

    /** @dataProvider sessions */
    public function testExpiredModalFailsTheTask(string $gateway): void
    {
        $hub = self::hub($gateway);
        $single = self::parent($gateway, 'single');
        $hub->simulator->control('config', ['set' => ['modal_ttl' => 0]]);
        $task = $hub->press($single['id'], 'custom_zoom');

        self::assertSame(['FAILURE', 'INTERACTION_FAILED'], [$task['status'], $task['fail_code']], (string) $task['fail_reason']);
        self::assertStringContainsString('10062', $task['fail_reason']);
    }

    /** @dataProvider sessions */
    public function testModalOfAnotherSessionIsNotAnswered(string $gateway): void
    {
        $hub = self::hub($gateway);
        $grid = self::parent($gateway, 'grid');
        $hub->simulator->control('config', ['set' => ['remix' => true]]);
        // Another session of the account presses the same button; and an event that is not ours reaches our session.
        $foreign = $hub->simulator->control('foreign', [
            'user_id' => $hub->simulator->says['user_id'], 'message_id' => $grid['message_id'],
            'custom_id' => "MJ::JOB::variation::4::{$grid['job_id']}",
        ])['interaction_id'];
        $hub->simulator->control('fault', ['gateway' => 'send', 'who' => 'user', 'frame' => self::modalOf((string) $foreign)]);
        $task = $hub->press($grid['id'], 'variation4', ['prompt' => self::WORDS]);

        $submit = self::assertModalMadeIt($hub, $grid, $task, 'MJ::RemixModal::#::4::1', 'variation4');
        self::assertSame(self::WORDS, $submit['prompt']);
        $submits = array_filter($hub->simulator->record()['interactions'], static fn (array $one) => (string) ($one['modal_id'] ?? '') === (string) $foreign);
        self::assertSame([], $submits);
    }

    /**
     * Holds a task to the modal that was sent back for it.
     *
     * @param  array<string, mixed> $parent
     * @param  array<string, mixed> $task
     * @param  string               $customId the modal's; `#` stands for the parent's job, `@` for its message
     * @return array<string, mixed> what was sent back
     */
    private static function assertModalMadeIt(Hub $hub, array $parent, array $task, string $customId, string $made): array
    {
        $submit = self::assertPictureIsTrue($hub, $task, $made);
        self::assertSame(5, $submit['type']);
        $expected = strtr($customId, ['#' => $parent['job_id'] ?? '', '@' => $parent['message_id']]);
        self::assertSame($expected, $submit['custom_id']);
        self::assertSame($parent['message_id'], (string) $submit['message_id']);
        self::assertSame($parent['id'], $task['parent_id']);

        return $submit;
    }

    /** A task's prompt as Midjourney echoes it. */
    private static function echoed(Hub $hub, array $task): string
    {
        foreach ($hub->simulator->jobs() as $job) {
            if ($job['job_id'] === $task['job_id']) {
                return $job['final_prompt'];
            }
        }
        self::fail('no such job');
    }

    /** A described prompt without the links that Midjourney sets. */
    private static function plain(string $text): string
    {
        return preg_replace('/\[([^\]]*)\]\([^)]*\)/', '$1', $text);
    }

    /** A white picture. */
    private static function picture(): string
    {
        return Png::uri(48, 32);
    }

    /** @return array<string, mixed> a frame that opens a modal for an interaction that is not ours */
    private static function modalOf(string $interaction): array
    {
        $input = ['type' => 4, 'id' => 2, 'custom_id' => 'MJ::RemixModal::new_prompt', 'label' => 'New prompt', 'style' => 2, 'value' => 'words'];

        return ['op' => 0, 't' => 'INTERACTION_MODAL_CREATE', 's' => null, 'd' => [
            'id' => $interaction, 'nonce' => $interaction, 'custom_id' => 'MJ::RemixModal::x::4::1', 'title' => 'Remix Prompt',
            'application' => ['id' => '936929561302675456', 'name' => 'Midjourney Bot'],
            'components' => [['type' => 1, 'components' => [$input]]],
        ]];
    }
}
