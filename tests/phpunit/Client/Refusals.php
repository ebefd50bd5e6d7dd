<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator\Client;

use Mj\Client;
use Mj\Task;

/** What a client is given that it must refuse, or must not: what is thrown is the same of the extension and of the fake. */
final class Refusals
{
    private const WEB = 'https://example.com/a.png';

    private const PNG = 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';

    /** @return array<string, string> what is thrown, or `taken` */
    public static function all(Client $mj): array
    {
        $picture = $mj->wait($mj->imagine('a cat'), 60.0);
        $cases = self::options($mj) + self::prompts($mj) + self::pictures($mj) + self::buttons($mj, $picture)
            + self::reading($mj, $picture) + self::saving($mj, $picture);

        return array_map([self::class, 'thrown'], $cases);
    }

    /** @return array<string, callable(): mixed> */
    private static function options(Client $mj): array
    {
        $cases = [];
        $values = [
            'images' => [5, [5], '', '/nope.png', array_fill(0, 11, self::WEB), __FILE__, 'data:image/png;base64,AAAA', self::WEB],
            'seed' => [-1, 4294967296, '5', 'x', [], 4294967295], 'priority' => [101, 1.5, -100], 'timeout' => [0, -5, '5', NAN, 1e9, 10],
            'mode' => [1, '', 'warp', 'FAST', null], 'bot' => ['x', 'niji'], 'aspect' => ['3:2', ['1:1']], 'no' => [['text', 5], ['a' => 'b']],
            'notify_url' => ['ftp://x', '', 'https://example.com/'], 'state' => [str_repeat('x', 65537), 5, 1.5, ''],
            'idempotency_key' => [str_repeat('k', 256), []], 'account' => ['', 5], 'user_token' => [''], 'upload' => ['yes', false],
            'colour' => ['red'], 'cref' => ['/nope.png', self::WEB], 'raw' => [true], 'prompt' => ['x'],
        ];
        foreach ($values as $name => $given) {
            foreach ($given as $index => $value) {
                $cases["imagine with $name, $index"] = static fn() => $mj->imagine('a', [$name => $value]);
            }
        }

        return $cases + [
            'a list' => static fn() => $mj->imagine('a', ['fast']),
            'two accounts' => static fn() => $mj->imagine('a', ['account' => 'main', 'user_token' => 'x']),
            'describe with a seed' => static fn() => $mj->describe(self::WEB, ['seed' => 1]),
            'shorten with images' => static fn() => $mj->shorten('a b', ['images' => self::WEB]),
            'blend of another shape' => static fn() => $mj->blend([self::PNG, self::PNG], ['dimensions' => 'wide']),
            'blend of another ratio' => static fn() => $mj->blend([self::PNG, self::PNG], ['aspect' => '16:9']),
            'blend by its ratio' => static fn() => $mj->blend([self::PNG, self::PNG], ['ar' => '2:3']),
        ];
    }

    /** @return array<string, callable(): mixed> */
    private static function prompts(Client $mj): array
    {
        $cases = [];
        $prompts = [
            "\xff\xfe", str_repeat('a', 5982), str_repeat('a', 5983), "a\0b", "ä\x07b", "a\nb", '  ', '  a  ', 'a --repeat 0', 'a --repeat 41',
            'a --repeat x', 'a --r 2 cat', 'a {red, blue', 'a {red} fox', 'a {red, {blue, green}} fox', 'a {red\, x, blue}', 'a \{b, c\}',
            '{a,b,c,d,e,f,g}{a,b,c,d,e,f,g}', '{a,b,c,d,e}{a,b,c,d} --repeat 3', 'a --unknown 5',
        ];
        foreach ($prompts as $index => $prompt) {
            $cases["prompt $index"] = static fn() => self::prompt($mj, $mj->imagine($prompt));
        }

        return $cases + [
            'only a picture' => static fn() => $mj->imagine('', ['images' => self::WEB]),
            'long with options' => static fn() => $mj->imagine(str_repeat('a', 5981), ['weird' => 100]),
            'long with a seed' => static fn() => $mj->imagine(str_repeat('a', 5985) . ' --seed 1'),
            'shorten nothing' => static fn() => $mj->shorten(' '),
            'shorten much' => static fn() => $mj->shorten(str_repeat('a ', 3001)),
            'command in capitals' => static fn() => self::prompt($mj, $mj->command('INFO')),
            'command with a slash' => static fn() => self::prompt($mj, $mj->command('/fast')),
            'command of two words' => static fn() => self::prompt($mj, $mj->command('prefer', ['remix'])),
            'no command' => static fn() => $mj->command(''),
            'command with a seed' => static fn() => $mj->command('info', [], ['seed' => 1]),
        ];
    }

    /** @return array<string, callable(): mixed> */
    private static function pictures(Client $mj): array
    {
        $cases = [
            'blend of none' => static fn() => $mj->blend([]),
            'blend of six' => static fn() => $mj->blend(array_fill(0, 6, self::PNG)),
            'blend of a number' => static fn() => $mj->blend([self::PNG, 1]),
            'blend of what is not there' => static fn() => $mj->blend([self::PNG, '/nope']),
            'show nothing' => static fn() => $mj->show(''),
        ];
        $pictures = [
            '', '/nope.png', sys_get_temp_dir(), __FILE__, 'file://' . __FILE__, self::PNG, 'data:text/plain,hello', 'data:image/png',
            'ftp://example.com/a.png', 'http://localhost/a.png', 'http://10.0.0.1/a.png', 'http://intranet/a.png', 'https://u:p@example.com/a.png',
            'https://example.com/a b.png', "a\0b", 'https://example.com/' . str_repeat('a', 2048), 'http://printer.local/a.png',
        ];
        foreach ($pictures as $index => $picture) {
            $cases["describe $index"] = static fn() => $mj->describe($picture);
        }

        return $cases;
    }

    /** @return array<string, callable(): mixed> */
    private static function buttons(Client $mj, Task $picture): array
    {
        return [
            'unknown button' => static fn() => $mj->action($picture, 'jump'),
            'button in capitals' => static fn() => self::prompt($mj, $mj->action($picture, 'UPSCALE1')),
            'custom id of another job' => static fn() => $mj->action($picture, 'MJ::JOB::upsample::1::11111111-2222-4333-8444-555555555555'),
            'mode' => static fn() => $mj->action($picture, 'upscale1', ['mode' => 'x']),
            'images' => static fn() => $mj->action($picture, 'upscale1', ['images' => self::WEB]),
            'no form' => static fn() => $mj->action($picture, 'upscale1', ['prompt' => 'x']),
            'form' => static fn() => $mj->action($picture, 'variation1', ['prompt' => 'x']),
            'no menu' => static fn() => $mj->action($picture, 'upscale1', ['values' => 'x']),
            'no region' => static fn() => $mj->action($picture, 'upscale1', ['mask' => '/nope.png']),
            'no mask' => static fn() => $mj->action($mj->wait($mj->upscale($picture, 1), 60.0), 'vary_region'),
            'no id' => static fn() => $mj->action('', 'upscale1'),
        ];
    }

    /** @return array<string, callable(): mixed> */
    private static function reading(Client $mj, Task $picture): array
    {
        $cases = [];
        $filters = [
            ['status' => 'DONE'], ['status' => 5], ['status' => [5]], ['status' => 'success'], ['status' => []], ['parent_id' => 'x'],
            ['group_id' => ''], ['state' => ''], ['account' => 5], ['state' => null], ['hub' => ''],
        ];
        foreach ($filters as $index => $filter) {
            $cases["filter $index"] = static fn() => $mj->tasks($filter);
        }

        return $cases + [
            'cursor' => static fn() => $mj->tasks([], 1, ''),
            'limit' => static fn() => $mj->tasks([], 1001),
            'poll nothing' => static fn() => $mj->poll(''),
            'poll many' => static fn() => count($mj->pollMany(['', 'x', $picture, $picture])),
            'wait for ever' => static fn() => $mj->wait($picture, NAN),
            'wait for many' => static fn() => $mj->waitMany([$picture], -1.0),
            'wait for many for ever' => static fn() => $mj->waitMany([$picture], NAN),
            'wait for none' => static fn() => count($mj->waitMany([])),
            'stream' => static fn() => $mj->stream($picture, -1.0),
            'events' => static fn() => $mj->events('c', 0),
            'events later' => static fn() => $mj->events('c', 1, -1.0),
            'consumer' => static fn() => $mj->events(str_repeat('c', 65)),
            'consumer in Chinese' => static fn() => $mj->ack('消费', 1),
            'acknowledge what is not there' => static fn() => $mj->ack('z', \PHP_INT_MAX),
            'cancel nothing' => static fn() => $mj->cancel(''),
        ];
    }

    /** @return array<string, callable(): mixed> */
    private static function saving(Client $mj, Task $picture): array
    {
        $directory = sys_get_temp_dir();
        $cases = [
            'into nothing' => static fn() => $mj->download($picture, '/nope'),
            'into a file' => static fn() => $mj->download($picture, __FILE__),
            'nowhere' => static fn() => $mj->download($picture, ''),
            'no picture' => static fn() => $mj->download('00000000000000000000000000', $directory),
        ];
        $options = [
            ['cells' => [5]], ['cells' => []], ['cells' => '1'], ['format' => 'bmp'], ['format' => 5], ['quality' => 0], ['quality' => 80],
            ['thumbnail' => 0], ['timeout' => 0.5], ['timeout' => '5'], ['overwrite' => 1], ['split' => false, 'cells' => [1]], ['colour' => 1],
            ['preview' => 1], ['preview' => true], ['preview' => true, 'cells' => [2]], ['preview' => true, 'split' => true],
        ];
        foreach ($options as $index => $option) {
            $cases["saved $index"] = static fn() => $mj->download($picture, $directory, $option);
        }

        return $cases;
    }

    /** The prompt of a task, or those of a group's. */
    private static function prompt(Client $mj, Task $task): string
    {
        $tasks = $task->isGroup() ? $mj->pollMany($task->tasks) : [$task];

        return implode(' | ', array_map(static fn(?Task $one): string => (string) $one?->prompt, $tasks));
    }

    private static function thrown(callable $body): string
    {
        try {
            $result = $body();

            return is_string($result) || is_int($result) ? "taken: $result" : 'taken';
        } catch (\Throwable $thrown) {
            return $thrown::class . ': ' . preg_replace('/\b[0-9A-Z]{26}\b/', 'ID', $thrown->getMessage());
        }
    }
}
