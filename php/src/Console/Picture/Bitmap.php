<?php

declare(strict_types=1);

namespace Mj\Console\Picture;

/** Pictures as points, by the extension GD where it is there. */
final class Bitmap
{
    /** More points than this are not decoded: thumbnails have far fewer. */
    private const MOST = 40_000_000;

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
