<?php

declare(strict_types=1);

namespace Mj\Console\Picture;

/**
 * Sixel graphics, of DEC's VT340 and today of xterm, foot, mlterm, Windows Terminal and others: bands six points high, each
 * drawn once for each of its colours.
 *
 * Why it is made here: GD has decoded the picture already, PHP has no library for it, and `img2sixel` would be a foreign
 * program that decodes what came from outside a second time and is on few machines.
 */
final class Sixel implements Protocol
{
    /** @param int $colours that the terminal has registers for, 2 to 256 */
    public function __construct(private int $colours = 256) {}

    public function draw(string $bytes, Box $box): ?string
    {
        [$width, $height] = [max(1, $box->width()), max(1, $box->height())];
        $points = Bitmap::scaled($bytes, $width, $height);
        $image = imagecreatetruecolor($width, $height);
        if ($points === null || $image === false) {
            return null;
        }
        imagecopy($image, $points, 0, 0, 0, 0, $width, $height);
        imagetruecolortopalette($image, true, max(2, min(256, $this->colours)));
        // GD chooses colours of a few bits; this makes each the mean of the points that have it.
        imagecolormatch($points, $image);
        $drawn = "\eP0;1;0q\"1;1;$width;$height" . self::palette($image);
        for ($top = 0; $top < $height; $top += 6) {
            $drawn .= self::band($image, $top, $width, min(6, $height - $top)) . '-';
        }

        return "$drawn\e\\";
    }

    public function forget(): string
    {
        return '';
    }

    /** The registers, in hundredths of each colour. */
    private static function palette(\GdImage $image): string
    {
        $registers = '';
        for ($index = 0, $count = imagecolorstotal($image); $index < $count; ++$index) {
            /** @var array{red: int<0, 255>, green: int<0, 255>, blue: int<0, 255>, alpha: int<0, 127>} $colour */
            $colour = imagecolorsforindex($image, $index);
            $registers .= sprintf(
                '#%d;2;%d;%d;%d',
                $index,
                (int) round($colour['red'] / 2.55),
                (int) round($colour['green'] / 2.55),
                (int) round($colour['blue'] / 2.55),
            );
        }

        return $registers;
    }

    /** Six rows: for each colour that they have a line of signs, and back to its beginning. */
    private static function band(\GdImage $image, int $top, int $width, int $height): string
    {
        $columns = [];
        for ($x = 0; $x < $width; ++$x) {
            for ($y = 0; $y < $height; ++$y) {
                $colour = (int) imagecolorat($image, $x, $top + $y);
                $columns[$colour][$x] = ($columns[$colour][$x] ?? 0) | 1 << $y;
            }
        }
        $lines = [];
        foreach ($columns as $colour => $points) {
            $lines[] = "#$colour" . self::line($points);
        }

        return implode('$', $lines);
    }

    /**
     * Signs for the points of one colour, where four and more of the same are counted.
     *
     * @param array<int, int> $points by column, of which those without any are missing
     */
    private static function line(array $points): string
    {
        ksort($points);
        $line = '';
        [$sign, $count, $next] = ['?', 0, 0];
        foreach ($points as $x => $bits) {
            if ($x > $next) {
                [$line, $sign, $count] = $sign === '?'
                    ? [$line, '?', $count + $x - $next]
                    : [$line . self::repeated($sign, $count), '?', $x - $next];
            }
            $own = chr(63 + $bits);
            [$line, $count] = $own === $sign ? [$line, $count + 1] : [$line . self::repeated($sign, $count), 1];
            [$sign, $next] = [$own, $x + 1];
        }

        return $line . self::repeated($sign, $count);
    }

    private static function repeated(string $sign, int $count): string
    {
        return $count > 3 ? "!$count$sign" : str_repeat($sign, $count);
    }
}
