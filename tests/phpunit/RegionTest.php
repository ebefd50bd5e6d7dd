<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

use PHPUnit\Framework\TestCase;

/** Vary (Region): the mask reaches Midjourney's editor unchanged, at whichever address that lives. */
final class RegionTest extends TestCase
{
    use SharedHubs;

    /** @return array<string, array{string, string}> */
    public function editors(): array
    {
        $rows = [];
        foreach (['user', 'both'] as $gateway) {
            foreach (['old', 'proxy'] as $path) {
                $rows["$gateway, $path"] = [$gateway, $path];
            }
        }

        return $rows;
    }

    /** @return array<string, array{string}> */
    public function sessions(): array
    {
        return ['user' => ['user'], 'both' => ['both']];
    }

    /** @dataProvider editors */
    public function testMaskAndWordsReachTheEditor(string $gateway, string $path): void
    {
        $hub = self::hub($gateway);
        $single = self::parent($gateway, 'single');
        $hub->simulator->control('config', ['set' => ['inpaint_path' => $path]]);
        $task = $hub->press($single['id'], 'vary_region', ['mask' => self::mask($single), 'prompt' => 'a red door --ar 3:2']);

        $press = self::assertPressMadeIt($hub, $single, $task, 'MJ::Inpaint::1::#::SOLO', 'vary_region');
        self::assertMask($single, $press['mask']);
        self::assertStringStartsWith('a red door', $press['final_prompt']);
        self::assertFileIsTrue($hub, $task);
    }

    /** @dataProvider editors */
    public function testWithoutWordsThePicturesOwnAreUsed(string $gateway, string $path): void
    {
        $hub = self::hub($gateway);
        $single = self::parent($gateway, 'single');
        $hub->simulator->control('config', ['set' => ['inpaint_path' => $path, 'modal_success' => false]]);
        $task = $hub->press($single['id'], 'vary_region', ['mask' => self::mask($single)]);

        $press = self::assertPressMadeIt($hub, $single, $task, 'MJ::Inpaint::1::#::SOLO', 'vary_region');
        self::assertMask($single, $press['mask']);
        self::assertStringStartsWith('a grid of four', $press['final_prompt']);
    }

    /** @dataProvider sessions */
    public function testMaskFromAFileIsTheSame(string $gateway): void
    {
        $hub = self::hub($gateway);
        $single = self::parent($gateway, 'single');
        $file = $hub->directory() . '/mask.png';
        file_put_contents($file, Png::bytes($single['images'][0]['width'], $single['images'][0]['height']));
        $task = $hub->press($single['id'], 'vary_region', ['mask' => $file]);

        self::assertMask($single, self::assertPressMadeIt($hub, $single, $task, 'MJ::Inpaint::1::#::SOLO', 'vary_region')['mask']);
    }

    /** @dataProvider sessions */
    public function testMaskOfAnotherShapeFailsTheTask(string $gateway): void
    {
        $hub = self::hub($gateway);
        $single = self::parent($gateway, 'single');
        $task = $hub->press($single['id'], 'vary_region', ['mask' => Png::uri(64, 64)]);

        self::assertSame(['FAILURE', 'INTERACTION_FAILED'], [$task['status'], $task['fail_code']]);
        self::assertStringContainsString('400', $task['fail_reason']);
    }

    /** @dataProvider sessions */
    public function testTwoRegionsAtOnceKeepTheirMasks(string $gateway): void
    {
        $hub = self::hub($gateway);
        $single = self::parent($gateway, 'single');
        $id = $single['id'];
        $words = ['a green door', 'a yellow door'];
        $tasks = array_map(fn (string $text) => $hub->call('mj_action', $id, 'vary_region', ['mask' => self::mask($single), 'prompt' => $text]), $words);
        foreach ($tasks as $number => $task) {
            $press = self::assertPressMadeIt($hub, $single, $hub->ended($task), 'MJ::Inpaint::1::#::SOLO', 'vary_region');
            self::assertStringStartsWith($words[$number], $press['final_prompt']);
        }
    }

    public function testUnusableMasksAreRefusedAtOnce(): void
    {
        $hub = self::hub('user');
        $single = self::parent('user', 'single');
        $before = count($hub->simulator->record()['interactions']);
        $refused = [
            'missing' => ['vary_region', []],
            'no PNG' => ['vary_region', ['mask' => 'data:image/png;base64,' . base64_encode('a text')]],
            'another kind' => ['vary_region', ['mask' => 'data:image/gif;base64,' . base64_encode("GIF89a\1\0\1\0\0\0\0;")]],
            'no such file' => ['vary_region', ['mask' => '/nonexistent/mask.png']],
            'for another button' => ['vary_subtle', ['mask' => self::mask($single)]],
        ];
        foreach ($refused as $name => [$action, $options]) {
            $thrown = $hub->run('try { return mj_action(...$data); } catch (ValueError $e) { return [$e->getMessage()]; }', [$single['id'], $action, $options]);
            self::assertIsArray($thrown, $name);
            self::assertStringContainsString('mask', $thrown[0], $name);
        }
        self::assertCount($before, $hub->simulator->record()['interactions']);
    }

    /**
     * A mask of the picture's size.
     *
     * @param array<string, mixed> $task
     */
    private static function mask(array $task): string
    {
        return Png::uri($task['images'][0]['width'], $task['images'][0]['height']);
    }

    /**
     * The editor got the file of `mask()`, byte for byte.
     *
     * @param array<string, mixed>      $task
     * @param array<string, mixed>|null $seen
     */
    private static function assertMask(array $task, ?array $seen): void
    {
        ['width' => $width, 'height' => $height] = $task['images'][0];
        self::assertNotNull($seen);
        self::assertSame(hash('sha256', Png::bytes($width, $height)), $seen['sha256']);
        self::assertSame([$width, $height], [$seen['width'], $seen['height']]);
        self::assertEqualsWithDelta(0.25, $seen['white'], 0.01);
    }
}
