<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

use Mj\Tests\Process\Cli;
use Mj\Tests\Process\Simulator;
use Mj\Tests\Process\StateDirectory;
use PHPUnit\Framework\TestCase;

/** The first lines of PHP that a reader copies out of the README run as they stand. */
final class ReadmeTest extends TestCase
{
    /** @return array<string, array{string}> */
    public function readmes(): array
    {
        return ['English' => ['README.md'], 'Chinese' => ['README.zh-CN.md']];
    }

    /** @dataProvider readmes */
    public function testItsFirstLinesRunForWhoeverHasNoBot(string $name): void
    {
        $text = (string) file_get_contents(dirname(__DIR__, 2) . "/$name");
        self::assertSame(1, preg_match('/^```php\n(.+?)^```$/ms', $text, $found));
        $state = new StateDirectory();
        mkdir("$state->path/pictures");
        $simulator = new Simulator(['--speed', '50']);
        $config = $simulator->config();
        $places = [
            "'1090000000000000001'" => "'{$config['guild_id']}'",
            "'1090000000000000002'" => "'{$config['channel_id']}'",
            '/var/www/pictures' => "$state->path/pictures",
        ];
        $code = strtr($found[1], $places);
        self::assertSame([], array_filter(array_keys($places), static fn (string $place): bool => str_contains($code, $place)));
        $ini = array_filter($simulator->ini(['state_dir' => "$state->path/store"]), static fn (string $key): bool => preg_match('/_url$|state_dir$/', $key) === 1, ARRAY_FILTER_USE_KEY);

        $said = Cli::run("putenv('MJ_USER_TOKEN={$config['user_token']}'); putenv('MJ_BOT_TOKEN'); $code echo json_encode([\$task['status'], is_file(\$grid), \$upscale]);", $ini);
        [$status, $isSaved, $upscale] = json_decode($said, true, 4, JSON_THROW_ON_ERROR);
        self::assertSame(['SUCCESS', true], [$status, $isSaved]);
        self::assertMatchesRegularExpression('/^[0-9A-Z]{26}$/D', $upscale);
    }
}
