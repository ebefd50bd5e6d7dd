<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

use PHPUnit\Framework\TestCase;

/** Every button that makes a picture or a film at once, and those that make none, on every kind of gateway that sees them. */
final class ButtonsTest extends TestCase
{
    use SharedHubs;

    private const SINGLE = 'MJ::JOB::%s::1::#::SOLO';

    /** @return array<string, list<string>> gateway, parent, our name, custom_id, what Midjourney made */
    public function buttons(): array
    {
        $buttons = [];
        foreach ([1, 2, 3, 4] as $number) {
            $buttons["U$number"] = ['grid', "upscale$number", "MJ::JOB::upsample::$number::#", "upscale$number"];
            $buttons["V$number"] = ['grid', "variation$number", "MJ::JOB::variation::$number::#", "variation$number"];
            $buttons["video U$number"] = ['films', "upscale$number", "MJ::JOB::video_virtual_upscale::$number::#", "video_upscale$number"];
        }
        $buttons += [
            'reroll' => ['grid', 'reroll', 'MJ::JOB::reroll::0::#::SOLO', 'reroll'],
            'reroll of films' => ['films', 'reroll', 'MJ::JOB::reroll::0::#::SOLO', 'animate_low'],
            'vary subtle' => ['single', 'vary_subtle', sprintf(self::SINGLE, 'low_variation'), 'vary_subtle'],
            'vary strong' => ['single', 'vary_strong', sprintf(self::SINGLE, 'high_variation'), 'vary_strong'],
            'vary subtle, larger' => ['larger', 'vary_subtle', sprintf(self::SINGLE, 'low_variation'), 'vary_subtle'],
            'zoom 2x' => ['single', 'zoom_out_2x', 'MJ::Outpaint::50::1::#::SOLO', 'zoom'],
            'zoom 1.5x' => ['single', 'zoom_out_1_5x', 'MJ::Outpaint::75::1::#::SOLO', 'zoom'],
            'make square' => ['single', 'make_square', 'MJ::Outpaint::100::1::#::SOLO', 'make_square'],
            'make variations, v4' => ['v4', 'variation1', sprintf(self::SINGLE, 'variation'), 'variation1'],
            'animate high' => ['single', 'animate_high', sprintf(self::SINGLE, 'animate_high'), 'animate_high'],
            'animate low' => ['single', 'animate_low', sprintf(self::SINGLE, 'animate_low'), 'animate_low'],
            'extend high' => ['film', 'extend_high', 'MJ::JOB::animate_high_extend::1::#', 'extend_high'],
            'extend low' => ['film', 'extend_low', 'MJ::JOB::animate_low_extend::1::#', 'extend_low'],
        ];
        foreach (['left', 'right', 'up', 'down'] as $direction) {
            $buttons["pan $direction"] = ['single', "pan_$direction", sprintf(self::SINGLE, "pan_$direction"), "pan_$direction"];
        }
        $upscalers = [
            'v4' => ['upsample_max' => 'max', 'upsample_light' => 'light', 'upsample_beta' => 'beta'],
            'v5.2' => ['upsample_v5_2x' => '2x', 'upsample_v5_4x' => '4x'],
            'v6' => ['upsample_v6_2x_subtle' => 'subtle', 'upsample_v6_2x_creative' => 'creative'],
            'v6.1' => ['upsample_v6r1_2x_subtle' => 'subtle', 'upsample_v6r1_2x_creative' => 'creative'],
            'niji' => ['upsample_v6_2x_subtle' => 'subtle', 'upsample_v6_2x_creative' => 'creative'],
            'single' => ['upsample_v7_2x_subtle' => 'subtle', 'upsample_v7_2x_creative' => 'creative'],
        ];
        foreach ($upscalers as $parent => $names) {
            foreach ($names as $verb => $name) {
                $buttons["upscale $name, $parent"] = [$parent, "upscale_$name", sprintf(self::SINGLE, $verb), "upscale_$name"];
            }
        }
        foreach (['subtle', 'creative'] as $name) {
            $buttons["redo upscale $name"] = ['larger', "redo_upscale_$name", sprintf(self::SINGLE, "upsample_v7_2x_$name"), "upscale_$name"];
        }
        $rows = [];
        foreach (['user', 'bot', 'both'] as $gateway) {
            foreach ($buttons as $name => $row) {
                $rows["$name, $gateway"] = [$gateway, ...$row];
            }
        }

        return $rows;
    }

    /** @dataProvider buttons */
    public function testButtonMakesWhatItSays(string $gateway, string $parent, string $action, string $customId, string $made): void
    {
        $hub = self::hub($gateway);
        $pressed = self::parent($gateway, $parent);
        $task = $hub->press($pressed['id'], $action);

        self::assertPressMadeIt($hub, $pressed, $task, $customId, $made);
        self::assertNotSame([], $task['buttons']);
    }

    /** @return array<string, array{string}> */
    public function gateways(): array
    {
        return ['user' => ['user'], 'bot' => ['bot'], 'both' => ['both']];
    }

    /** @dataProvider gateways */
    public function testPictureAndFilesAreThoseOfTheButton(string $gateway): void
    {
        $hub = self::hub($gateway);
        self::assertStringStartsWith("\x89PNG", self::assertFileIsTrue($hub, self::parent($gateway, 'single')));

        $start = self::assertFileIsTrue($hub, self::parent($gateway, 'films'));
        self::assertSame(['RIFF', 'WEBP'], [substr($start, 0, 4), substr($start, 8, 4)]);

        $film = self::parent($gateway, 'film');
        self::assertSame('video/mp4', $film['images'][0]['content_type']);
        self::assertSame('ftyp', substr(self::assertFileIsTrue($hub, $film), 4, 4));
    }

    /** Without a gateway each button takes as long as the reading of the channel: one chain for all. */
    public function testButtonsWorkWithoutAGateway(): void
    {
        $hub = self::hub('off');
        $single = self::parent('off', 'single');
        self::assertStringStartsWith("\x89PNG", self::assertFileIsTrue($hub, $single));
        $asked = [
            'vary_subtle' => ['::low_variation::1::#::SOLO', 'vary_subtle'], 'pan_left' => ['::pan_left::1::#::SOLO', 'pan_left'],
            'animate_low' => ['::animate_low::1::#::SOLO', 'animate_low'], 'upscale_subtle' => ['::upsample_v7_2x_subtle::1::#::SOLO', 'upscale_subtle'],
        ];
        $ids = [];
        foreach (array_keys($asked) as $action) {
            $ids[$action] = $hub->call('mj_action', $single['id'], $action);
        }
        foreach ($asked as $action => [$customId, $made]) {
            self::assertPressMadeIt($hub, $single, $hub->ended($ids[$action]), "MJ::JOB$customId", $made);
        }
    }

    /** @dataProvider gateways */
    public function testRawCustomIdIsPressed(string $gateway): void
    {
        $hub = self::hub($gateway);
        $grid = self::parent($gateway, 'grid');
        $customId = "MJ::JOB::upsample::4::{$grid['job_id']}";

        self::assertPressMadeIt($hub, $grid, $hub->press($grid['id'], $customId), $customId, 'upscale4');
    }

    /** @dataProvider gateways */
    public function testForeignCustomIdIsRefused(string $gateway): void
    {
        $hub = self::hub($gateway);
        $single = self::parent($gateway, 'single');
        [$message, $reason] = self::unavailable($hub, $single['id'], "MJ::JOB::upsample::4::{$single['job_id']}");

        self::assertSame('NOT_OFFERED', $reason);
        self::assertStringContainsString('pan_left', $message);
    }

    /** @dataProvider gateways */
    public function testMissingButtonNamesThoseThatAreThere(string $gateway): void
    {
        $hub = self::hub($gateway);
        foreach (['grid' => 'pan_left', 'single' => 'upscale1', 'film' => 'zoom_out_2x', 'v6' => 'animate_high'] as $parent => $lacking) {
            $task = self::parent($gateway, $parent);
            [$message, $reason] = self::unavailable($hub, $task['id'], $lacking);

            self::assertSame('NOT_OFFERED', $reason);
            foreach ($task['buttons'] as $button) {
                self::assertStringContainsString($button['action'], $message);
            }
        }
    }

    /** @dataProvider gateways */
    public function testBookmarkIsPressedAndMakesNoPicture(string $gateway): void
    {
        $hub = self::hub($gateway);
        $single = self::parent($gateway, 'single');
        $task = $hub->press($single['id'], 'bookmark');

        self::assertSame('SUCCESS', $task['status'], "{$task['fail_code']} {$task['fail_reason']}");
        self::assertNull($task['image_url']);
        $presses = self::presses($hub, "MJ::BOOKMARK::{$single['job_id']}");
        self::assertSame([$single['message_id']], array_map('strval', array_column($presses, 'message_id')));
    }

    /** @return array<string, array{string}> */
    public function sessions(): array
    {
        return ['user' => ['user'], 'both' => ['both']];
    }

    /** @dataProvider sessions */
    public function testCancelPressesTheLiveButton(string $gateway): void
    {
        $hub = self::hub($gateway);
        $grid = self::parent($gateway, 'grid');
        $hub->simulator->control('config', ['set' => ['hold_finals' => true]]);
        $id = $hub->call('mj_action', $grid['id'], 'variation3');
        $running = $hub->until($id, static fn (array $task) => $task['status'] === 'IN_PROGRESS' && $task['job_id'] !== null);

        self::assertTrue($hub->call('mj_cancel', $id));
        self::assertSame('CANCEL', $hub->ended($id)['status']);
        self::assertFalse($hub->call('mj_cancel', $id));
        $presses = self::presses($hub, "MJ::CancelJob::ByJobid::{$running['job_id']}");
        self::assertCount(1, $presses);
        self::assertSame('cancelled', $hub->job($running)['state']);
    }

    public function testCancelOfAButtonNeedsTheUsersSession(): void
    {
        $hub = self::hub('bot');
        $grid = self::parent('bot', 'grid');
        $hub->simulator->control('config', ['set' => ['hold_finals' => true]]);
        $id = $hub->call('mj_action', $grid['id'], 'variation3');
        $hub->until($id, static fn (array $task) => $task['status'] !== 'NOT_START');
        $reason = $hub->run('try { return mj_cancel($data); } catch (Mj\ActionUnavailableException $e) { return $e->reason; }', $id);

        self::assertSame('NEEDS_USER_GATEWAY', $reason);
        $hub->simulator->control('config', ['set' => ['hold_finals' => false]]);
        $hub->until($id, static function (array $task) use ($hub): bool {
            $hub->simulator->control('release');

            return $task['status'] === 'SUCCESS';
        });
    }

    /** @return list<array<string, mixed>> our presses of a button */
    private static function presses(Hub $hub, string $customId): array
    {
        return array_values(array_filter(
            $hub->simulator->record()['interactions'],
            static fn (array $one) => $one['type'] === 3 && $one['custom_id'] === $customId && !$one['foreign'],
        ));
    }
}
