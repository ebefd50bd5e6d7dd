<?php

declare(strict_types=1);

namespace Mj\Tests\Install;

/** What `make package` made for this machine: MJ_PACKAGE names its directory. */
final class Package
{
    /** The unpacked archive: the install script, the manifest, the binaries. */
    public static function directory(): string
    {
        $found = glob((getenv('MJ_PACKAGE') ?: '') . '/mj-*-linux-' . php_uname('m') . '/MANIFEST');
        if (count($found) !== 1) {
            throw new \RuntimeException('MJ_PACKAGE must name what `make package` made; `make test-install` does it');
        }

        return dirname($found[0]);
    }

    /** @return list<string> the zips for PIE */
    public static function zips(): array
    {
        return glob(getenv('MJ_PACKAGE') . '/*.zip');
    }

    /** @return list<array{file: string, php: string, build: string, machine: string, libc: string, sha256: string}> */
    public static function manifest(string $text): array
    {
        $rows = [];
        foreach (explode("\n", trim($text)) as $line) {
            if ($line !== '' && $line[0] !== '#') {
                $rows[] = array_combine(['file', 'php', 'build', 'machine', 'libc', 'sha256'], explode("\t", $line));
            }
        }

        return $rows;
    }
}
