<?php

declare(strict_types=1);

namespace Mj\Tests\Console;

/** What a terminal makes of what it is sent: a decoder of sixels and of kitty's chunks, written from their descriptions. */
final class Pixels
{
    public int $width = 0;

    public int $height = 0;

    /** @var array<int, array<int, int>> colours by row and column */
    private array $rows = [];

    public function at(int $x, int $y): int
    {
        return $this->rows[$y][$x] ?? -1;
    }

    /** @return list<string> the pictures in kitty's commands, in order */
    public static function ofKitty(string $output): array
    {
        $pictures = [];
        $text = '';
        preg_match_all('/\e_G([^;\e]*);([^\e]*)\e\\\\/', $output, $chunks, PREG_SET_ORDER);
        foreach ($chunks as [, $keys, $data]) {
            $text .= $data;
            if (str_contains($keys, 'm=0')) {
                $pictures[] = (string) base64_decode($text, true);
                $text = '';
            }
        }

        return $pictures;
    }

    public static function ofSixel(string $output): self
    {
        if (preg_match('/\eP[\d;]*q"1;1;(\d+);(\d+)(.*?)\e\\\\/s', $output, $found) !== 1) {
            throw new \RuntimeException('no sixels');
        }
        $pixels = new self();
        [$pixels->width, $pixels->height] = [(int) $found[1], (int) $found[2]];
        preg_match_all('/#(\d+);2;(\d+);(\d+);(\d+)|#(\d+)|!(\d+)([?-~])|([?-~])|(\$)|(-)/', $found[3], $signs, PREG_SET_ORDER);
        if (implode('', array_column($signs, 0)) !== $found[3]) {
            throw new \RuntimeException('something that is no sixel');
        }
        $colours = [];
        $x = $top = $colour = 0;
        foreach ($signs as $sign) {
            if (($sign[1] ?? '') !== '') {
                [$red, $green, $blue] = array_map(static fn (string $part): int => (int) round((int) $part * 2.55), array_slice($sign, 2, 3));
                $colours[(int) $sign[1]] = $red << 16 | $green << 8 | $blue;
            } elseif (($sign[5] ?? '') !== '') {
                $colour = $colours[(int) $sign[5]];
            } elseif (($sign[9] ?? '') !== '') {
                $x = 0;
            } elseif (($sign[10] ?? '') !== '') {
                [$x, $top] = [0, $top + 6];
            } else {
                [$count, $bits] = ($sign[6] ?? '') !== '' ? [(int) $sign[6], ord($sign[7]) - 63] : [1, ord($sign[8]) - 63];
                for ($end = $x + $count; $x < $end; ++$x) {
                    for ($y = 0; $y < 6; ++$y) {
                        if ($bits >> $y & 1) {
                            $pixels->rows[$top + $y][$x] = $colour;
                        }
                    }
                }
            }
        }

        return $pixels;
    }
}
