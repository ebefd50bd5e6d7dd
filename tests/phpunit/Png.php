<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

/** Pictures without a graphics library: masks, and what is described. */
final class Png
{
    /** A grey PNG: black, its middle white. */
    public static function bytes(int $width, int $height): string
    {
        $black = "\0" . str_repeat("\0", $width);
        $quarter = intdiv($width, 4);
        $striped = "\0" . str_repeat("\0", $quarter) . str_repeat("\xff", $width - 2 * $quarter) . str_repeat("\0", $quarter);
        $edge = intdiv($height, 4);
        $rows = str_repeat($black, $edge) . str_repeat($striped, $height - 2 * $edge) . str_repeat($black, $edge);

        return "\x89PNG\r\n\x1a\n" . self::chunk('IHDR', pack('NNCCCCC', $width, $height, 8, 0, 0, 0, 0))
            . self::chunk('IDAT', gzcompress($rows)) . self::chunk('IEND', '');
    }

    /** The same as a `data:` address. */
    public static function uri(int $width, int $height): string
    {
        return 'data:image/png;base64,' . base64_encode(self::bytes($width, $height));
    }

    private static function chunk(string $type, string $data): string
    {
        return pack('N', strlen($data)) . $type . $data . pack('N', crc32($type . $data));
    }
}
