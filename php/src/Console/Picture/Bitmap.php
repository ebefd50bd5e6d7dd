<?php

declare(strict_types=1);

namespace Mj\Console\Picture;

/** Pictures as points, by the extension GD where it is there. */
final class Bitmap
{
    private const PNG = "\x89PNG\r\n\x1a\n";

    /** More points than this are not decoded: previews and thumbnails have far fewer. */
    private const MOST = 40_000_000;

    /** The same picture as a PNG; null where it is none and cannot be made one. */
    public static function png(string $bytes): ?string
    {
        if (str_starts_with($bytes, self::PNG)) {
            return $bytes;
        }
        $image = self::decoded($bytes);
        if ($image === null) {
            return null;
        }
        ob_start();
        $isMade = imagepng($image, null, 1);
        $png = (string) ob_get_clean();

        return $isMade ? $png : null;
    }

    /** The picture in another size; null where GD is missing or does not know it. */
    public static function scaled(string $bytes, int $width, int $height): ?\GdImage
    {
        $image = self::decoded($bytes);
        if ($image === null || $width < 1 || $height < 1) {
            return null;
        }
        $scaled = imagecreatetruecolor($width, $height);
        if ($scaled === false) {
            return null;
        }
        imagecopyresampled($scaled, $image, 0, 0, 0, 0, $width, $height, imagesx($image), imagesy($image));

        return $scaled;
    }

    private static function decoded(string $bytes): ?\GdImage
    {
        $size = @getimagesizefromstring($bytes);
        if (!function_exists('imagecreatefromstring') || $size === false || $size[0] * $size[1] > self::MOST) {
            return null;
        }
        $image = @imagecreatefromstring($bytes);

        return $image === false ? null : $image;
    }
}
