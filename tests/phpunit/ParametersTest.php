<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

use PHPUnit\Framework\TestCase;

/** Midjourney's parameters, written in the prompt or given as options, reach it as they are meant. */
final class ParametersTest extends TestCase
{
    use SharedHubs;

    private const LINK = 'https://example.org/a.png';

    /** What is given, what Midjourney is sent (without our seed), and the notes. */
    private const PROMPTS = [
        'aspect and version' => ['a cat --ar 3:2 --v 6.1', [], 'a cat --ar 3:2 --v 6.1'],
        'options' => ['a cat', ['aspect' => '16:9', 'version' => '6.1', 'raw' => true, 'tile' => false], 'a cat --aspect 16:9 --version 6.1 --raw'],
        'the prompt wins' => ['a cat --ar 3:2', ['aspect' => '16:9'], 'a cat --ar 3:2'],
        'niji' => ['a fox', ['niji' => 6], 'a fox --niji 6'],
        'style raw' => ['a cat --v 6 --style raw', [], 'a cat --v 6 --style raw'],
        'stylize, chaos, weird' => ['a cat --s 250 --c 10 --w 5', [], 'a cat --s 250 --c 10 --w 5'],
        'quality, stop, tile' => ['a cat --v 6.1 --q 1 --stop 90 --tile', [], 'a cat --v 6.1 --q 1 --stop 90 --tile'],
        'no' => ['a sea', ['no' => ['boats', 'a red sun']], 'a sea --no boats, a red sun'],
        'experiment and profile' => ['a cat --exp 10', ['p' => 'abc1234'], 'a cat --exp 10 --p abc1234'],
        'draft' => ['a cat --draft', [], 'a cat --draft'],
        'image weight' => ['a cat --iw 1.5', ['images' => self::LINK], self::LINK . ' a cat --iw 1.5'],
        'style reference' => ['a cat --sw 200', ['sref' => self::LINK], 'a cat --sw 200 --sref ' . self::LINK],
        'style code' => ['a cat', ['sref' => 1234567], 'a cat --sref 1234567'],
        'random style' => ['a cat --sref random', [], 'a cat --sref random'],
        'character reference' => ['a man --v 6', ['cref' => self::LINK, 'cw' => 50], 'a man --v 6 --cref ' . self::LINK . ' --cw 50'],
        'omni reference' => ['a man --v 7', ['oref' => self::LINK, 'ow' => 200], 'a man --v 7 --oref ' . self::LINK . ' --ow 200'],
        'video' => ['a wave --video --motion high --bs 2', ['images' => self::LINK], self::LINK . ' a wave --video --motion high --bs 2'],
        'looped video' => ['a wave --video --loop', ['images' => self::LINK], self::LINK . ' a wave --video --loop'],
        'last frame' => ['a wave --video', ['images' => self::LINK, 'end' => self::LINK], self::LINK . ' a wave --video --end ' . self::LINK],
        'long dash' => ["a cat \u{2014}ar 3:2", [], 'a cat --ar 3:2', ['--ar was written with a long dash and is sent with two short ones']],
        'twice' => ['a cat --ar 3:2 --ar 1:1', [], 'a cat --ar 3:2 --ar 1:1', ['--ar is given more than once']],
        'text only' => ["an old man's hat, \"blue\" & <soft>", [], "an old man's hat, \"blue\" & <soft>"],
    ];

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
    public function testParametersArePassedThrough(string $gateway): void
    {
        $hub = self::hub($gateway);
        $tasks = $hub->run(
            '$ids = array_map(static fn (array $one) => mj_imagine($one[0], $one[1]), $data);'
                . 'return array_map(static fn (string $id) => mj_wait($id, 60.0), $ids);',
            self::PROMPTS,
        );
        foreach (self::PROMPTS as $name => $expected) {
            $task = $tasks[$name];
            $made = self::assertPictureIsTrue($hub, $task, $this->kind($expected[2]));
            self::assertSame("{$expected[2]} --seed {$task['seed']}", $made['prompt'], $name);
            self::assertSame($expected[0], $task['prompt'], $name);
            self::assertSame($expected[3] ?? [], $task['notes'], $name);
            self::assertStringNotContainsString('--seed', $task['final_prompt'], $name);
        }
    }

    /** @dataProvider gateways */
    public function testModeIsTheOneThatWasAskedFor(string $gateway): void
    {
        $hub = self::hub($gateway);
        foreach (['fast', 'relax', 'turbo'] as $mode) {
            $tasks = $hub->run(
                '$ids = [mj_imagine("a quick cat --$data"), mj_imagine("a quick cat", ["mode" => $data])];'
                    . 'return array_map(static fn (string $id) => mj_wait($id, 60.0), $ids);',
                $mode,
            );
            foreach ($tasks as $task) {
                $made = self::assertPictureIsTrue($hub, $task, 'imagine');
                self::assertSame([$mode, "a quick cat --$mode --seed {$task['seed']}"], [$task['mode'], $made['prompt']]);
                self::assertSame($mode, str_replace('relaxed', 'relax', $made['mode']));
            }
        }
    }

    /** @dataProvider gateways */
    public function testOwnSeedIsKeptAndShown(string $gateway): void
    {
        $hub = self::hub($gateway);
        $task = $hub->picture('a cat with a number', ['seed' => 4294967295]);
        self::assertSame('a cat with a number --seed 4294967295', self::assertPictureIsTrue($hub, $task, 'imagine')['prompt']);
        self::assertSame(4294967295, $task['seed']);
    }

    /** @dataProvider gateways */
    public function testNijiBotIsAsked(string $gateway): void
    {
        $hub = self::hub($gateway);
        $task = $hub->picture('a drawn fox', ['bot' => 'niji']);
        self::assertSame('1022952195194359889', (string) self::assertPictureIsTrue($hub, $task, 'imagine')['application_id']);
        // Its buttons are the niji bot's too.
        $press = self::assertPictureIsTrue($hub, $hub->press($task['id'], 'variation1'), 'variation1');
        self::assertSame('1022952195194359889', (string) $press['application_id']);
    }

    /** @dataProvider seeing */
    public function testUnknownParameterIsPassedOnWithANote(string $gateway): void
    {
        $hub = self::hub($gateway);
        $task = $hub->picture('a cat --wobble 3');
        self::assertSame(['--wobble is no parameter that this version knows: it is passed on as it is'], $task['notes']);
        self::assertSame(['FAILURE', 'INVALID_PARAMETER', false], [$task['status'], $task['fail_code'], $task['retryable']]);
        self::assertStringContainsString('--wobble', $task['fail_reason']);
        $sent = array_column($hub->simulator->record()['interactions'], 'prompt');
        self::assertContains("a cat --wobble 3 --seed {$task['seed']}", $sent);
    }

    public function testWhatCannotBeSentIsRefusedAtOnce(): void
    {
        $said = self::hub('user')->run(<<<'PHP'
            $say = static function (callable $call): string {
                try {
                    return $call();
                } catch (ValueError | TypeError $e) {
                    return get_class($e) . ": " . $e->getMessage();
                }
            };
            return [
                $say(static fn () => mj_imagine("")),
                $say(static fn () => mj_imagine("  ")),
                $say(static fn () => mj_imagine(str_repeat("a ", 4000))),
                $say(static fn () => mj_imagine("a\0b")),
                $say(static fn () => mj_imagine("\xFF")),
                $say(static fn () => mj_imagine("a cat", ["seed" => -1])),
                $say(static fn () => mj_imagine("a cat", ["colour" => "red"])),
                $say(static fn () => mj_imagine("a cat", ["mode" => "warp"])),
                $say(static fn () => mj_imagine("a cat", ["bot" => "other"])),
                $say(static fn () => mj_imagine("a cat", ["images" => [1]])),
            ];
            PHP);
        $before = 'ValueError: mj_imagine(): Argument ';
        foreach ([
            "{$before}#1 (\$prompt): the prompt is empty: give a text, an image or both",
            "{$before}#1 (\$prompt): the prompt is empty: give a text, an image or both",
            "{$before}#1 (\$prompt): the prompt has",
            "{$before}#1 (\$prompt): ",
            "{$before}#1 (\$prompt): is not valid UTF-8",
            "{$before}#2 (\$options) element \"seed\" must be from 0 to 4294967295",
            "{$before}#2 (\$options) element \"colour\": no such option; known are account",
            "{$before}#2 (\$options) element \"mode\" must be",
            "{$before}#2 (\$options) element \"bot\" must be",
            'TypeError: mj_imagine(): Argument #2 ($options) element "images[0]" must be of type string, int given',
        ] as $number => $expected) {
            self::assertStringStartsWith($expected, $said[$number]);
        }
    }

    private function kind(string $prompt): string
    {
        return match (true) {
            str_contains($prompt, '--motion high') => 'animate_high',
            str_contains($prompt, '--video') => 'animate_low',
            default => 'imagine',
        };
    }
}
