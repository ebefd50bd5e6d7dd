<?php

declare(strict_types=1);

namespace Mj\Webman;

/** What `support\Plugin` calls when Composer has installed or removed the package. */
final class Install
{
    public const WEBMAN_PLUGIN = true;

    private const PLACE = 'config/plugin/mj/client';

    /** Copies the configuration to where it is not yet; what was changed there stays. */
    public static function install(): void
    {
        $place = base_path() . '/' . self::PLACE;
        if (!is_dir($place)) {
            mkdir($place, 0777, true);
        }
        foreach (self::files() as $file) {
            if (!is_file("$place/$file")) {
                copy(__DIR__ . '/' . self::PLACE . "/$file", "$place/$file");
            }
        }
    }

    /** Removes the configuration, but what the application has put beside it. */
    public static function uninstall(): void
    {
        $place = base_path() . '/' . self::PLACE;
        foreach (self::files() as $file) {
            if (is_file("$place/$file")) {
                unlink("$place/$file");
            }
        }
        if (is_dir($place) && count((array) scandir($place)) === 2) {
            rmdir($place);
        }
    }

    /** @return list<string> */
    private static function files(): array
    {
        return array_map('basename', glob(__DIR__ . '/' . self::PLACE . '/*.php') ?: []);
    }
}
