<?php

declare(strict_types=1);

namespace Mj\Tests\Install;

/** What `make package` made: MJ_PACKAGE names its directory; for this machine, or the one that MJ_ARCH names. */
final class Package
{
    /** As the package names it: `x86_64`, `arm64`. */
    public static function architecture(): string
    {
        return str_replace('aarch64', 'arm64', getenv('MJ_ARCH') ?: php_uname('m'));
    }

    /** The unpacked archive: the install script, the manifest, the binaries. */
    public static function directory(): string
    {
        $found = glob((getenv('MJ_PACKAGE') ?: '') . '/mj-*-linux-' . self::architecture() . '/MANIFEST');
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

    /** @return array{file: string, php: string, build: string, machine: string, libc: string, sha256: string}|null its line for a PHP, as `8.2` */
    public static function row(string $series, string $thread = 'NTS'): ?array
    {
        foreach (self::manifest((string) file_get_contents(self::directory() . '/MANIFEST')) as $row) {
            if ($row['php'] === $series && str_ends_with($row['build'], ",$thread")) {
                return $row;
            }
        }

        return null;
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
