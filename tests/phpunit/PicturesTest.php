<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

use PHPUnit\Framework\TestCase;

/** What becomes of finished pictures: cut, converted, made smaller, archived. */
final class PicturesTest extends TestCase
{
    public function testGridIsCutIntoItsCells(): void
    {
        $hub = new Hub(['gateway' => 'user']);
        $task = $hub->picture('a lighthouse in four lights');
        [$width, $height] = [$task['images'][0]['width'], $task['images'][0]['height']];

        $directory = $hub->directory();
        $files = $hub->call('mj_download', $task['id'], $directory, ['split' => true, 'format' => 'png']);
        $names = array_map(static fn (int $cell) => "{$task['id']}-$cell.png", [1, 2, 3, 4]);
        self::assertSame($names, array_map('basename', $files));
        foreach ($files as $file) {
            [$cellWidth, $cellHeight, $type] = getimagesize($file);
            self::assertSame([intdiv($width, 2), intdiv($height, 2), IMAGETYPE_PNG], [$cellWidth, $cellHeight, $type]);
        }
        // The same again finds its files; one cell, smaller, as a JPEG.
        self::assertSame($files, $hub->call('mj_download', $task['id'], $directory, ['split' => true, 'format' => 'png']));
        $small = $hub->call('mj_download', $task['id'], $hub->directory(), ['cells' => [3], 'thumbnail' => 32, 'format' => 'jpeg', 'quality' => 70]);
        self::assertSame(["{$task['id']}-3-32px.jpg"], array_map('basename', $small));
        [$smallWidth, $smallHeight, $type] = getimagesize($small[0]);
        self::assertSame([32, IMAGETYPE_JPEG], [max($smallWidth, $smallHeight), $type]);
    }

    public function testOnlyGridsAreCut(): void
    {
        $hub = new Hub(['gateway' => 'user']);
        $task = $hub->picture('a lighthouse, larger');
        $larger = $hub->ended($hub->call('mj_action', $task['id'], 'upscale2'));
        self::assertSame('SUCCESS', $larger['status'], (string) $larger['fail_reason']);

        $this->expectExceptionMessage('element "split": cuts grids of four only');
        $hub->call('mj_download', $larger['id'], $hub->directory(), ['split' => true]);
    }

    public function testFinishedPictureIsArchived(): void
    {
        $archive = sys_get_temp_dir() . '/mj-archive-' . bin2hex(random_bytes(6));
        mkdir($archive, 0700);
        try {
            $hub = new Hub(['gateway' => 'user', 'archive' => $archive]);
            $task = $hub->picture('a lighthouse to keep');
            $task = $hub->until($task['id'], static fn (array $task) => $task['images'][0]['file'] !== null);

            $file = $task['images'][0]['file'];
            self::assertStringStartsWith($archive . gmdate('/Y/'), $file);
            self::assertSame($hub->job($task)['sha256'], hash_file('sha256', $file));
        } finally {
            foreach (array_reverse(glob($archive . '{,/*,/*/*,/*/*/*}', GLOB_BRACE)) as $path) {
                is_dir($path) ? rmdir($path) : unlink($path);
            }
        }
    }
}
