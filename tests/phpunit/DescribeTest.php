<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

use PHPUnit\Framework\TestCase;

/** Prompts for a picture: of a file, of bytes, of an address by link or fetched. */
final class DescribeTest extends TestCase
{
    use SharedHubs;

    /** @return array<string, array{string}> */
    public function gateways(): array
    {
        return ['user' => ['user'], 'bot' => ['bot'], 'both' => ['both']];
    }

    /** @dataProvider gateways */
    public function testFilesAndBytesAreUploaded(string $gateway): void
    {
        $hub = self::hub($gateway);
        $pictures = [Png::coloured(20), Png::coloured(21)];
        // Both at once: each gets its own answer.
        $tasks = $hub->run(
            '$ids = array_map("mj_describe", $data); return array_map(static fn (string $id) => mj_wait($id, 60.0), $ids);',
            [Png::file($hub->directory(), $pictures[0]), Png::data($pictures[1])],
        );
        foreach ($tasks as $number => $task) {
            $this->assertIsDescribed($task);
            self::assertSame($pictures[$number], file_get_contents($task['image_url']));
            $seen = array_filter(
                $this->seen($hub),
                static fn (array $one) => ($one['files'][0][1] ?? $one['files']['image'] ?? '') === basename(parse_url($task['image_url'], PHP_URL_PATH)),
            );
            self::assertCount(1, $seen);
        }
        self::assertNotSame($tasks[0]['texts'], $tasks[1]['texts']);
    }

    /** @dataProvider gateways */
    public function testAddressIsGivenAsALink(string $gateway): void
    {
        $hub = self::hub($gateway);
        foreach ([self::parent($gateway, 'grid')['image_url'], 'https://example.org/a.png'] as $url) {
            $this->assertIsDescribed($hub->ended($hub->call('mj_describe', $url)));
            $seen = $this->seen($hub);
            $link = end($seen)['options']['link'];
            self::assertSame($url, $hub->call('mj_image_url', $link));
            self::assertStringStartsNotWith('http://127', $link);
        }
    }

    /** @dataProvider gateways */
    public function testAddressIsFetchedOnRequest(string $gateway): void
    {
        $hub = self::hub($gateway);
        $ours = self::parent($gateway, 'grid');
        $task = $hub->ended($hub->call('mj_describe', $ours['image_url'], ['upload' => true]));
        $this->assertIsDescribed($task);
        self::assertSame($hub->job($ours)['sha256'], hash_file('sha256', $task['image_url']));
        $seen = $this->seen($hub);
        self::assertArrayNotHasKey('link', end($seen)['options']);
    }

    /** @dataProvider gateways */
    public function testNijiBotDescribesToo(string $gateway): void
    {
        $hub = self::hub($gateway);
        $this->assertIsDescribed($hub->ended($hub->call('mj_describe', Png::data(Png::coloured(22)), ['bot' => 'niji'])));
        $seen = $this->seen($hub);
        self::assertSame('1022952195194359889', (string) end($seen)['application_id']);
    }

    /** @param array<string, mixed> $task */
    private function assertIsDescribed(array $task): void
    {
        self::assertSame(['DESCRIBE', 'SUCCESS', 100], [$task['action'], $task['status'], $task['progress']], (string) $task['fail_reason']);
        self::assertCount(4, array_unique($task['texts']));
        foreach ($task['texts'] as $text) {
            // Links to a search, with which Midjourney marks styles, are no part of a prompt.
            self::assertMatchesRegularExpression('/^[\w ,-]+$/', $text);
        }
        $actions = ['imagine1', 'imagine2', 'imagine3', 'imagine4', 'reroll', 'imagine_all'];
        self::assertSame($actions, array_column($task['buttons'], 'action'));
    }

    /** @return list<array<string, mixed>> */
    private function seen(Hub $hub): array
    {
        return array_values(array_filter($hub->simulator->record()['interactions'], static fn (array $one) => ($one['name'] ?? '') === 'describe'));
    }
}
