<?php

declare(strict_types=1);

namespace Mj\Studio;

/**
 * The scripts, styles and symbols of the page, at addresses that change when one of them does: `v/VERSION/js/studio.js`
 * names its modules beside it, so all are of one version. No web server sends them by itself: it would let caches keep one
 * version's files under the address of another.
 */
final class Assets
{
    private const TYPES = ['js' => 'text/javascript; charset=utf-8', 'css' => 'text/css; charset=utf-8', 'svg' => 'image/svg+xml'];

    private const DIRECTORY = __DIR__ . '/../public';

    private static ?string $version = null;

    /** The page's styles, in their order; css/dark.css counts where it is dark. */
    public const STYLES = ['base', 'head', 'composer', 'cards', 'gallery', 'viewer', 'system', 'login'];

    /** The address of a file, below the studio's. */
    public static function address(string $name): string
    {
        return 'v/' . self::version() . "/$name";
    }

    /** @return list<string> names of the scripts, which the browser fetches all at once */
    public static function scripts(): array
    {
        return array_map(static fn(string $file): string => 'js/' . basename($file), glob(self::DIRECTORY . '/js/*.js') ?: []);
    }

    /** A file, when that is what a path asks for. */
    public static function answer(string $path): ?Response
    {
        if (preg_match('~^v/([0-9a-f]{8})/((?:js/[a-z]+\.(js)|css/[a-z]+\.(css)|icon\.(svg)))$~D', $path, $found, PREG_UNMATCHED_AS_NULL) !== 1) {
            return null;
        }
        $file = self::DIRECTORY . "/$found[2]";
        $bytes = is_file($file) ? file_get_contents($file) : false;
        if ($bytes === false) {
            return null;
        }
        // A page from before an update asks for what is no longer there; nobody keeps what it gets.
        $kept = $found[1] === self::version() ? 'public, max-age=31536000, immutable' : 'no-store';

        return new Response(200, $bytes, ['Content-Type' => self::TYPES[$found[3] ?? $found[4] ?? 'svg'], 'Cache-Control' => $kept]);
    }

    private static function version(): string
    {
        if (self::$version === null) {
            $sums = '';
            foreach (glob(self::DIRECTORY . '/{js,css}/*', GLOB_BRACE) ?: [] as $file) {
                $sums .= (string) md5_file($file);
            }
            self::$version = substr(md5($sums), 0, 8);
        }

        return self::$version;
    }
}
