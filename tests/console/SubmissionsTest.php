<?php

declare(strict_types=1);

namespace Mj\Tests\Console;

use Mj\FailCode;
use Mj\Testing\Outcome;
use Mj\Testing\Submission;
use Mj\Tests\Simulator\Png;

/** What each command that submits asks Midjourney for. */
final class SubmissionsTest extends ConsoleTestCase
{
    public function testImagineHandsOnEveryParameterThatWasTyped(): void
    {
        $picture = $this->directory() . '/photo.png';
        file_put_contents($picture, Png::coloured());
        $code = $this->mj(
            'imagine',
            'a',
            'cat',
            '--ar',
            '3:2',
            '--s=250',
            '--seed=7',
            '--no',
            'dogs, fish',
            '--v',
            '7',
            '--tile',
            '--niji',
            '--sref',
            '123',
            '--sref=https://example.com/a.png',
            '--cref=https://example.com/b.png',
            '--oref=https://example.com/c.png',
            '--image',
            $picture,
            '--upload',
            '--relax',
            '--account=main',
            '--idempotency-key=order-7',
            '--state=mine',
            '--notify-url=https://example.com/hook',
            '--priority=-5',
            '--task-timeout=90',
        );
        self::assertSame(0, $code, $this->err);
        [$submission] = $this->mj->submissions();
        self::assertSame(['imagine', 'a cat'], [$submission->call(), $submission->subject()]);
        $wanted = [
            'ar' => '3:2', 's' => '250', 'seed' => 7, 'no' => 'dogs, fish', 'v' => '7', 'tile' => true, 'niji' => true,
            'sref' => ['123', 'https://example.com/a.png'], 'cref' => ['https://example.com/b.png'], 'oref' => 'https://example.com/c.png',
            'images' => [$picture], 'upload' => true, 'mode' => 'relax', 'account' => 'main', 'idempotency_key' => 'order-7',
            'state' => 'mine', 'notify_url' => 'https://example.com/hook', 'priority' => -5, 'timeout' => 90.0,
        ];
        $given = $submission->options();
        ksort($wanted);
        ksort($given);
        self::assertSame($wanted, $given);
    }

    public function testTheSecondOfOneKeyIsTheFirstOnesTask(): void
    {
        $this->mj('imagine', 'a cat', '--idempotency-key=k', '--no-wait');
        $first = $this->out;
        $this->mj('imagine', 'a cat', '--idempotency-key=k', '--no-wait');
        self::assertSame($first, $this->out);
        $this->mj->assertSubmittedCount(1);
    }

    public function testNoWaitPrintsTheIdAlone(): void
    {
        self::assertSame(0, $this->mj('imagine', 'a cat', '--no-wait'));
        self::assertMatchesRegularExpression('/^[0-9A-Z]{26}\n$/D', $this->out);
        self::assertSame(0, $this->mj('imagine', 'a cat', '--no-wait', '--json'));
        self::assertSame('NOT_START', $this->json()['status']);
    }

    public function testDescribeBlendShortenShowAndCommand(): void
    {
        $picture = $this->directory() . '/photo.png';
        file_put_contents($picture, Png::coloured());
        self::assertSame(0, $this->mj('describe', $picture));
        self::assertStringContainsString("1. prompt 1\n2. prompt 2", $this->out);
        self::assertSame(0, $this->mj('blend', $picture, 'https://example.com/b.png', '--ar=2:3'));
        self::assertSame(0, $this->mj('shorten', 'a very', 'long prompt'));
        self::assertSame(0, $this->mj('show', $this->mj->tasks()->tasks()[1]->id));
        self::assertSame(0, $this->mj('command', 'info'));
        self::assertStringContainsString('fast_hours_left  15', $this->out);
        self::assertSame(0, $this->mj('command', 'prefer', 'remix'));

        $seen = array_map(static fn (Submission $one): array => [$one->call(), $one->subject(), $one->arguments()], $this->mj->submissions());
        self::assertSame(['describe', $picture, []], $seen[0]);
        self::assertSame(['blend', '', [$picture, 'https://example.com/b.png']], $seen[1]);
        self::assertSame(['aspect' => '2:3'], $this->mj->submissions()[1]->options());
        self::assertSame(['shorten', 'a very long prompt', []], $seen[2]);
        self::assertSame('show', $seen[3][0]);
        self::assertSame([['command', 'info', []], ['command', 'prefer', ['remix']]], array_slice($seen, 4));
    }

    /** @return array<string, array{bool, list<string>, string, array<string, mixed>}> */
    public function presses(): array
    {
        return [
            'upscale of a grid' => [true, ['upscale', 'ID', '2'], 'upscale2', []],
            'vary of a grid' => [true, ['vary', 'ID', '4', '--prompt', 'a dog'], 'variation4', ['prompt' => 'a dog']],
            'reroll' => [true, ['reroll', 'ID', '--mode=turbo'], 'reroll', ['mode' => 'turbo']],
            'subtle upscale' => [false, ['upscale', 'ID', 'subtle'], 'upscale_subtle', []],
            'creative upscale' => [false, ['upscale', 'ID', 'Creative'], 'upscale_creative', []],
            'strong variation' => [false, ['vary', 'ID', 'strong'], 'vary_strong', []],
            'region' => [false, ['vary', 'ID', 'region', '--mask=' . Png::uri(8, 8)], 'vary_region', ['mask' => Png::uri(8, 8)]],
            'zoom' => [false, ['zoom', 'ID'], 'zoom_out_2x', []],
            'little zoom' => [false, ['zoom', 'ID', '1.5'], 'zoom_out_1_5x', []],
            'own zoom' => [false, ['zoom', 'ID', 'custom', '--prompt=x --zoom 1.8'], 'custom_zoom', ['prompt' => 'x --zoom 1.8']],
            'pan' => [false, ['pan', 'ID', 'left'], 'pan_left', []],
            'any' => [false, ['action', 'ID', 'animate_high'], 'animate_high', []],
            'any with a form' => [true, ['action', 'ID', 'variation1', '--prompt=a dog'], 'variation1', ['prompt' => 'a dog']],
        ];
    }

    /**
     * @dataProvider presses
     *
     * @param list<string>         $command
     * @param array<string, mixed> $options
     */
    public function testPresses(bool $isGrid, array $command, string $button, array $options): void
    {
        $grid = $this->mj->wait($this->mj->imagine('a cat'));
        $parent = $isGrid ? $grid : $this->mj->wait($this->mj->upscale($grid, 1));
        self::assertSame(0, $this->mj(...str_replace('ID', $parent->id, $command)), $this->err);
        $this->mj->assertPressed($parent, $button);
        $submissions = $this->mj->submissions();
        self::assertSame($options, end($submissions)->options());
    }

    public function testLastIsTheNewestTask(): void
    {
        $this->mj->wait($this->mj->imagine('a cat'));
        $newest = $this->mj->wait($this->mj->imagine('a dog'));
        self::assertSame(0, $this->mj('upscale', 'last', '3'));
        $this->mj->assertPressed($newest, 'upscale3');
    }

    public function testAGroupShowsAllOfItsTasksAndWhichFailed(): void
    {
        $this->mj->on(static fn (): Outcome => Outcome::success());
        self::assertSame(0, $this->mj('imagine', 'a {red, blue} bird'));
        self::assertSame(2, preg_match_all('/^task [0-9A-Z]{26}$/m', $this->out), $this->out);
    }

    public function testPicturesAreSavedIntoADirectoryThatIsMade(): void
    {
        $directory = $this->directory() . '/new/pictures';
        self::assertSame(0, $this->mj('imagine', 'a cat', "--download=$directory"));
        [$file] = glob("$directory/*.png");
        self::assertStringContainsString("\n$file\n", $this->out);
        self::assertStringNotContainsString('https://', $this->out, 'the files stand for the addresses');
        $id = $this->mj->tasks()->tasks()[0]->id;
        self::assertSame(0, $this->mj('task', $id, "--download=$directory", '--json'));
        self::assertSame([$file], $this->json()['files']);
    }

    public function testOpenStartsTheDesktopsProgram(): void
    {
        $log = $this->directory() . '/opened';
        file_put_contents($this->directory() . '/xdg-open', "#!/bin/sh\necho \"\$@\" >>$log\n");
        chmod($this->directory() . '/xdg-open', 0755);
        self::assertSame(0, $this->mj('imagine', 'a cat', '--open', '--download=' . $this->directory()), $this->err);
        self::assertSame(glob($this->directory() . '/*.png')[0] . "\n", file_get_contents($log));
        unlink($this->directory() . '/xdg-open');
        self::assertSame(1, $this->mj('imagine', 'a cat', '--open', '--download=' . $this->directory()));
        self::assertSame("mj: nothing here opens pictures; it is saved\n", $this->err);
        self::assertStringContainsString('.png', $this->out);
    }

    public function testAFailedTaskSaysWhy(): void
    {
        $this->mj->will(Outcome::failure(FailCode::QUEUE_FULL, '队列已满', true));
        self::assertSame(1, $this->mj('imagine', 'a cat'));
        self::assertStringContainsString('failed, QUEUE_FULL', $this->out);
        self::assertStringContainsString("队列已满\nThe same may succeed later.\n", $this->out);
        self::assertSame('', $this->err);
    }

    public function testATimeOutTellsHowToLookAgain(): void
    {
        $this->mj->will(Outcome::stuck());
        self::assertSame(4, $this->mj('imagine', 'a cat', '--timeout=0.3'));
        $id = $this->mj->tasks()->tasks()[0]->id;
        self::assertStringStartsWith("$id  imagine\n", $this->out);
        self::assertStringEndsWith("Not done within 0 s. The task goes on; look at it again with\n    mj task $id --wait\n", $this->out);
    }
}
