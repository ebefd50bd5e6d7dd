<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

use PHPUnit\Framework\TestCase;

/** Two to five pictures into one, in each shape. */
final class BlendTest extends TestCase
{
    use SharedHubs;

    /** @return array<string, array{string, array<string, string>, string|null, int, int}> */
    public function shapes(): array
    {
        $shapes = [];
        foreach (['user', 'bot', 'both'] as $gateway) {
            $shapes["none, $gateway"] = [$gateway, [], null, 1, 1];
            $shapes["portrait, $gateway"] = [$gateway, ['dimensions' => 'portrait'], '--ar 2:3', 2, 3];
            $shapes["square, $gateway"] = [$gateway, ['dimensions' => 'square'], '--ar 1:1', 1, 1];
            $shapes["landscape, $gateway"] = [$gateway, ['aspect' => '3:2'], '--ar 3:2', 3, 2];
        }

        return $shapes;
    }

    /**
     * @dataProvider shapes
     *
     * @param array<string, string> $options
     */
    public function testTwoPicturesAreBlended(string $gateway, array $options, ?string $sent, int $width, int $height): void
    {
        $hub = self::hub($gateway);
        $pictures = [Png::file($hub->directory(), Png::coloured(30)), Png::data(Png::coloured(31))];
        $task = $hub->ended($hub->call('mj_blend', $pictures, $options));
        $made = self::assertPictureIsTrue($hub, $task, 'imagine');
        self::assertSame(['BLEND', 'blend'], [$task['action'], $made['name']]);
        self::assertSame($sent, $made['options']['dimensions'] ?? null);
        self::assertCount(2, $made['files']);
        self::assertSame($width * $task['images'][0]['height'], $height * $task['images'][0]['width']);
        self::assertContains('upscale1', array_column($task['buttons'], 'action'));
    }

    /** @return array<string, array{string}> */
    public function gateways(): array
    {
        return ['user' => ['user'], 'bot' => ['bot'], 'both' => ['both']];
    }

    /** @dataProvider gateways */
    public function testFivePicturesOfAllKindsAreBlended(string $gateway): void
    {
        $hub = self::hub($gateway);
        $directory = $hub->directory();
        $pictures = [
            Png::file($directory, Png::coloured(32), 'a.png'),
            Png::data(Png::coloured(33)),
            self::parent($gateway, 'grid')['image_url'],
            Png::file($directory, Png::coloured(34), 'b.png'),
            Png::data(Png::coloured(35)),
        ];
        $task = $hub->ended($hub->call('mj_blend', $pictures));
        self::assertCount(5, self::assertPictureIsTrue($hub, $task, 'imagine')['files']);
    }

    /** @dataProvider gateways */
    public function testTwoBlendsAtOnceAreNotMixedUp(string $gateway): void
    {
        $hub = self::hub($gateway);
        $tasks = $hub->run(
            '$ids = array_map(static fn (array $one) => mj_blend($one[0], ["dimensions" => $one[1]]), $data);'
                . 'return array_map(static fn (string $id) => mj_wait($id, 60.0), $ids);',
            [
                [[Png::data(Png::coloured(36)), Png::data(Png::coloured(37))], 'portrait'],
                [[Png::data(Png::coloured(38)), Png::data(Png::coloured(39))], 'landscape'],
            ],
        );
        foreach (['--ar 2:3', '--ar 3:2'] as $number => $sent) {
            self::assertSame($sent, self::assertPictureIsTrue($hub, $tasks[$number], 'imagine')['options']['dimensions']);
        }
    }

    public function testSamePictureTwiceIsRefused(): void
    {
        $hub = self::hub('user');
        $picture = Png::data(Png::coloured(40));
        $task = $hub->ended($hub->call('mj_blend', [$picture, $picture]));
        self::assertSame(['FAILURE', 'DUPLICATE_IMAGES', false], [$task['status'], $task['fail_code'], $task['retryable']]);
    }

    public function testNumberAndShapeAreChecked(): void
    {
        $said = self::hub('user')->run(<<<'PHP'
            $said = [];
            foreach ([[[$data[0]], []], [$data, []], [[], []], [array_slice($data, 0, 2), ["dimensions" => "round"]],
                [array_slice($data, 0, 2), ["aspect" => "3:2", "dimensions" => "square"]]] as [$images, $options]) {
                try {
                    $said[] = mj_blend($images, $options);
                } catch (ValueError $e) {
                    $said[] = $e->getMessage();
                }
            }
            return $said;
            PHP, array_map(static fn (int $number) => Png::data(Png::coloured($number)), range(41, 46)));
        self::assertSame('mj_blend(): Argument #1 ($images) must have 2 to 5 pictures, 1 given', $said[0]);
        self::assertSame('mj_blend(): Argument #1 ($images) must have 2 to 5 pictures, 6 given', $said[1]);
        self::assertSame('mj_blend(): Argument #1 ($images) must have 2 to 5 pictures, 0 given', $said[2]);
        self::assertStringContainsString('element "dimensions" must be', $said[3]);
        self::assertStringContainsString('give one of dimensions and aspect', $said[4]);
    }
}
