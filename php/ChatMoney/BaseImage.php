<?php

declare(strict_types=1);

namespace Mj\ChatMoney;

/** What ChatMoney has as a base image, as the extension takes a picture. */
final class BaseImage
{
    /** How the Base64 of a PNG, JPEG, GIF or WebP begins. */
    private const BASE64 = ['iVBORw0KGgo' => 'png', '/9j/' => 'jpeg', 'R0lGOD' => 'gif', 'UklGR' => 'webp'];

    /**
     * @param string      $image  an address, `data:`, the Base64 of a picture, or a path below `$public`
     * @param string|null $public the site's public directory
     *
     * @throws DriverException when it is none of these, or lies elsewhere
     */
    public static function source(string $image, ?string $public): string
    {
        if (preg_match('~^(?:https?://|data:image/)~i', $image) === 1) {
            return $image;
        }
        foreach (self::BASE64 as $begin => $type) {
            if (str_starts_with($image, $begin) && strlen($image) > 64 && base64_decode(substr($image, 0, 64), true) !== false) {
                return "data:image/$type;base64,$image";
            }
        }
        // ThinkPHP makes exceptions of warnings, and that of open_basedir names paths of the server.
        $root = $public === null ? false : @realpath($public);
        $path = $root === false || str_contains($image, "\0") ? false : @realpath($root . '/' . ltrim($image, '/'));
        if ($root === false || $path === false || !str_starts_with($path, $root . '/') || !is_file($path)) {
            throw new DriverException('image_base must be an address, a picture in Base64, or a file of the public directory');
        }

        return $path;
    }
}
