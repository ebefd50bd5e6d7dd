<?php

declare(strict_types=1);

namespace Mj\Tests\Process;

use PHPUnit\Framework\TestCase;

/** docs/configuration.md has every setting, its variable and its default, in both languages, as the extension has them. */
final class ConfigurationDocumentTest extends TestCase
{
    /** @return array<string, array{string}> */
    public function documents(): array
    {
        return ['English' => ['configuration.md'], 'Chinese' => ['configuration.zh-CN.md']];
    }

    /** @dataProvider documents */
    public function testTheTablesAreTheExtensions(string $name): void
    {
        $state = new StateDirectory();
        $known = json_decode(Cli::run('echo json_encode([array_keys(ini_get_all("mj")), mj_status()["configuration"]]);', ['mj.state_dir' => $state->path]), true);
        [$entries, $configuration] = $known;
        $expected = [];
        foreach ($entries as $entry) {
            $key = substr($entry, 3);
            $default = $key === 'state_dir' ? '/var/lib/mj' : $configuration[$key]['value'];
            $expected[$entry] = ['MJ_' . strtoupper($key), (string) $default];
        }
        $rows = $examples = [];
        foreach (file(__DIR__ . "/../../docs/$name") as $line) {
            if (preg_match('/^\| `(mj\.\w+)` \| `(\w+)` \| (?:`([^`]*)`)? ?\|(.*)\|$/', $line, $found) === 1) {
                $rows[$found[1]] = [$found[2], $found[3]];
                self::assertStringContainsString("`$found[1] = ", $found[4], 'an example');
                self::assertStringNotContainsString('| |', "$found[4]|", 'no empty cell');
            }
        }
        ksort($rows);
        ksort($expected);

        self::assertSame($expected, $rows);
    }
}
