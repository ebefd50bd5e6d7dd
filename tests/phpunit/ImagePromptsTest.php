<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

use PHPUnit\Framework\TestCase;

/** Pictures that go along with a prompt: by address, as files, as `data:` addresses; in order, and byte by byte. */
final class ImagePromptsTest extends TestCase
{
    use SharedHubs;

    /** @return array<string, array{string}> */
    public function gateways(): array
    {
        return ['user' => ['user'], 'bot' => ['bot'], 'both' => ['both']];
    }

    /** @dataProvider gateways */
    public function testPicturesOfAllKindsKeepTheirOrder(string $gateway): void
    {
        $hub = self::hub($gateway);
        $ours = self::parent($gateway, 'grid');
        [$first, $last] = [Png::coloured(1), Png::coloured(2, 48, 16)];
        $file = Png::file($hub->directory(), $first);
        $task = $hub->picture('in their manner', ['images' => [$file, $ours['image_url'], 'https://example.org/a.png', Png::data($last)]]);

        $words = explode(' ', self::assertPictureIsTrue($hub, $task, 'imagine')['prompt']);
        self::assertSame(['in', 'their', 'manner', '--seed', (string) $task['seed']], array_slice($words, 4));
        self::assertSame($first, $this->fetched($hub, $words[0]));
        self::assertSame('https://cdn.discordapp.com', substr($words[1], 0, 26));
        self::assertSame($ours['image_url'], $hub->call('mj_image_url', $words[1]));
        self::assertSame('https://example.org/a.png', $words[2]);
        self::assertSame($last, $this->fetched($hub, $words[3]));
        self::assertSame('in their manner', $task['prompt']);
        self::assertStringEndsWith(' in their manner --v 7.0', $task['final_prompt']);
    }

    /** @dataProvider gateways */
    public function testSameWordsWithTwoPicturesAreNotMixedUp(string $gateway): void
    {
        $hub = self::hub($gateway);
        $pictures = [Png::coloured(3), Png::coloured(4)];
        $tasks = $hub->run(
            '$ids = array_map(static fn (string $data) => mj_imagine("twins", ["images" => $data, "seed" => 5]), $data);'
                . 'return array_map(static fn (string $id) => mj_wait($id, 60.0), $ids);',
            array_map([Png::class, 'data'], $pictures),
        );
        foreach ($tasks as $number => $task) {
            $link = explode(' ', self::assertPictureIsTrue($hub, $task, 'imagine')['prompt'])[0];
            self::assertSame($pictures[$number], $this->fetched($hub, $link));
        }
        self::assertNotSame($tasks[0]['job_id'], $tasks[1]['job_id']);
    }

    /** @dataProvider gateways */
    public function testPictureNeedsNoWords(string $gateway): void
    {
        $hub = self::hub($gateway);
        $task = $hub->picture('', ['images' => [Png::data(Png::coloured(5)), Png::data(Png::coloured(6))]]);
        [$first, $second] = explode(' ', self::assertPictureIsTrue($hub, $task, 'imagine')['prompt']);
        self::assertSame([Png::coloured(5), Png::coloured(6)], [$this->fetched($hub, $first), $this->fetched($hub, $second)]);
    }

    /** @dataProvider gateways */
    public function testAddressIsFetchedAndUploadedOnRequest(string $gateway): void
    {
        $hub = self::hub($gateway);
        $ours = self::parent($gateway, 'grid');
        $task = $hub->picture('once more', ['images' => $ours['image_url'], 'upload' => true]);
        $link = explode(' ', self::assertPictureIsTrue($hub, $task, 'imagine')['prompt'])[0];
        self::assertStringNotContainsString($ours['job_id'], $link);
        self::assertSame($hub->job($ours)['sha256'], hash('sha256', $this->fetched($hub, $link)));
    }

    /** @return array<string, array{string, string, array<string, mixed>, string, string}> prompt, options with numbers for pictures, and what is sent before and behind the seed */
    public function references(): array
    {
        $references = [];
        foreach (['user', 'bot', 'both'] as $gateway) {
            $references["cref, $gateway"] = [$gateway, 'a man --v 6', ['cref' => 7, 'cw' => 20], ' --cw 20', ' --cref #'];
            $references["sref, $gateway"] = [$gateway, 'a man', ['sref' => [8, 9]], '', ' --sref # #'];
            $references["oref, $gateway"] = [$gateway, 'a man --v 7', ['oref' => 10], '', ' --oref #'];
            $references["end, $gateway"] = [$gateway, 'a man --video', ['images' => 11, 'end' => 12], '', ' --end #'];
        }

        return $references;
    }

    /**
     * @dataProvider references
     *
     * @param array<string, mixed> $options
     */
    public function testReferencesAreUploadedToo(string $gateway, string $prompt, array $options, string $before, string $behind): void
    {
        $hub = self::hub($gateway);
        $directory = $hub->directory();
        $numbers = [];
        foreach ($options as $name => $given) {
            if ($name === 'cw') {
                continue;
            }
            $files = [];
            foreach ((array) $given as $number) {
                $numbers[] = $number;
                // Files and data: addresses in turn.
                $files[] = $number % 2 === 0
                    ? Png::file($directory, Png::coloured($number), "$number.png")
                    : Png::data(Png::coloured($number));
            }
            $options[$name] = is_array($given) ? $files : $files[0];
        }
        $task = $hub->picture($prompt, $options);

        $kind = isset($options['end']) ? 'animate_low' : 'imagine';
        $sent = self::assertPictureIsTrue($hub, $task, $kind)['prompt'];
        preg_match_all('~http://\S+~', $sent, $links);
        $first = isset($options['images']) ? '# ' : '';
        self::assertSame("$first$prompt$before --seed {$task['seed']}$behind", preg_replace('~http://\S+~', '#', $sent));
        foreach ($numbers as $place => $number) {
            self::assertSame(Png::coloured($number), $this->fetched($hub, $links[0][$place]), (string) $number);
        }
        self::assertSame($prompt, $task['prompt']);
    }

    /** The bytes that lie behind an address which Midjourney was given. */
    private function fetched(Hub $hub, string $link): string
    {
        $base = $hub->simulator->says['cdn_url'];
        self::assertStringStartsWith("$base/attachments/", $link);

        return file_get_contents($link);
    }
}
