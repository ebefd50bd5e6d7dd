<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

/** Pictures without a graphics library: masks, and what is described. */
final class Png
{
    /** A PNG of one colour; another number is another picture. */
    public static function coloured(int $number = 0, int $width = 32, int $height = 32): string
    {
        $row = "\0" . str_repeat(substr(pack('N', $number * 2654435761 & 0xFFFFFF), 1), $width);

        return self::head($width, $height) . self::chunk('IDAT', gzcompress(str_repeat($row, $height))) . self::chunk('IEND', '');
    }

    /** What a PNG of this size begins with; type 2 has colours, type 0 is grey. */
    public static function head(int $width, int $height, int $type = 2): string
    {
        return "\x89PNG\r\n\x1a\n" . self::chunk('IHDR', pack('NNCCCCC', $width, $height, 8, $type, 0, 0, 0));
    }

    /** A grey PNG: black, its middle white. */
    public static function bytes(int $width, int $height): string
    {
        $black = "\0" . str_repeat("\0", $width);
        $quarter = intdiv($width, 4);
        $striped = "\0" . str_repeat("\0", $quarter) . str_repeat("\xff", $width - 2 * $quarter) . str_repeat("\0", $quarter);
        $edge = intdiv($height, 4);
        $rows = str_repeat($black, $edge) . str_repeat($striped, $height - 2 * $edge) . str_repeat($black, $edge);

        return self::head($width, $height, 0) . self::chunk('IDAT', gzcompress($rows)) . self::chunk('IEND', '');
    }

    /** The same as a `data:` address. */
    public static function uri(int $width, int $height): string
    {
        return self::data(self::bytes($width, $height));
    }

    /** Bytes as a `data:` address. */
    public static function data(string $bytes): string
    {
        return 'data:image/png;base64,' . base64_encode($bytes);
    }

    /** Bytes as a file in a directory. */
    public static function file(string $directory, string $bytes, string $name = 'picture.png'): string
    {
        file_put_contents("$directory/$name", $bytes);

        return "$directory/$name";
    }

    private static function chunk(string $type, string $data): string
    {
        return pack('N', strlen($data)) . $type . $data . pack('N', crc32($type . $data));
    }
}
