<?php

declare(strict_types=1);

namespace Mj\Tests\Relay;

use PHPUnit\Framework\TestCase;

/** What is written of the relay is what there is. */
final class ReadmeTest extends TestCase
{
    /** @return array<string, array{string}> */
    public function readmes(): array
    {
        return ['English' => ['README.md'], 'Chinese' => ['README.zh-CN.md']];
    }

    /** @dataProvider readmes */
    public function testEverySettingIsExplained(string $readme): void
    {
        $code = (string) file_get_contents(self::root() . '/src/Http/Settings.php');
        preg_match_all("/(?:values\['|number\('|words\(')([A-Z_]+)'/", $code, $read);
        preg_match_all('/^\| `MJ_RELAY_([A-Z_]+)` \|/m', self::text($readme), $told);
        $read = array_unique($read[1]);
        sort($read);
        sort($told[1]);
        self::assertNotSame([], $read);
        self::assertSame($read, $told[1]);
    }

    /** @dataProvider readmes */
    public function testEveryAddressIsNamed(string $readme): void
    {
        $description = json_decode((string) file_get_contents(self::root() . '/http/openapi.json'), true, 64, JSON_THROW_ON_ERROR);
        foreach (array_keys($description['paths']) as $path) {
            self::assertMatchesRegularExpression('~[`/]' . preg_quote(basename($path)) . '`~', self::text($readme), $path);
        }
    }

    /** Each operation of the description is one that the relay has, and takes its method only. */
    public function testTheDescriptionNamesWhatThereIs(): void
    {
        $description = json_decode((string) file_get_contents(self::root() . '/http/openapi.json'), true, 64, JSON_THROW_ON_ERROR);
        $desk = new Desk();
        foreach ($description['paths'] as $path => $operations) {
            $methods = array_map('strtoupper', array_keys(array_diff_key($operations, ['parameters' => 0])));
            self::assertSame($methods, [$desk->ask(strtr($path, ['{id}' => 'x']), null, null, 'PUT')->headers['allow'] ?? ''], $path);
        }
    }

    private static function text(string $name): string
    {
        return (string) file_get_contents(self::root() . "/http/$name");
    }

    private static function root(): string
    {
        return dirname(__DIR__, 2) . '/php';
    }
}
