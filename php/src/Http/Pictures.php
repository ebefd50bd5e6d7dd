<?php

declare(strict_types=1);

namespace Mj\Http;

/**
 * Pictures as callers send them: `data:` addresses, bare Base64, or addresses of the web. Whatever else the extension would
 * take, as the path of a file of this machine, is refused here.
 *
 * @internal
 */
final class Pictures
{
    private const BEGINNINGS = [
        'image/png' => "\x89PNG\r\n",
        'image/jpeg' => "\xff\xd8\xff",
        'image/gif' => 'GIF8',
        'image/webp' => 'RIFF',
    ];

    /** Characters of a picture's Base64, with its line breaks: the extension takes 10 MiB. */
    private const LONGEST = 15_000_000;

    private function __construct() {}

    /** @throws Refusal when it is none of them */
    public static function given(string $name, string $picture): string
    {
        $picture = trim($picture);
        if (preg_match('~^https?://[^\s/]~i', $picture) === 1) {
            return $picture;
        }

        return self::data($name, $picture);
    }

    /** The same without addresses of the web. */
    public static function data(string $name, string $picture): string
    {
        // Before it is copied: a request may have several.
        if (strlen($picture) > self::LONGEST) {
            throw Refusal::sense("$name has a picture of more than 10 MiB");
        }
        $picture = trim($picture);
        $start = 0;
        if (stripos($picture, 'data:') === 0) {
            $comma = strpos($picture, ',');
            if ($comma === false || preg_match('~^data:image/[a-z0-9.+-]+;base64$~iD', substr($picture, 0, $comma)) !== 1) {
                throw Refusal::sense("$name must be the Base64 of a picture");
            }
            $start = $comma + 1;
        }
        $head = (string) base64_decode(substr($picture, $start, 16), true);
        foreach (self::BEGINNINGS as $type => $beginning) {
            if (str_starts_with($head, $beginning)) {
                return $start > 0 ? $picture : "data:$type;base64,$picture";
            }
        }
        throw Refusal::sense("$name must be the Base64 of a PNG, JPEG, WebP or GIF");
    }
}
