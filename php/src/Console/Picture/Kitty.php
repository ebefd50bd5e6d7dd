<?php

declare(strict_types=1);

namespace Mj\Console\Picture;

/**
 * kitty's graphics protocol, which Ghostty and Konsole have as well: a PNG in Base64, in chunks, placed into a number of
 * cells. Answers are asked for only of errors, and those not either (`q=2`), so that nothing is read from the terminal.
 */
final class Kitty implements Protocol
{
    /** What a PNG begins with: the extension makes one of every picture. */
    private const PNG = "\x89PNG\r\n\x1a\n";

    /** The longest chunk that the protocol allows. */
    private const CHUNK = 4096;

    /** @param int $id of the picture: a later one of the same id takes its place */
    public function __construct(private int $id) {}

    public function draw(string $bytes, Box $box): ?string
    {
        if (!str_starts_with($bytes, self::PNG)) {
            return null;
        }
        $chunks = str_split(base64_encode($bytes), self::CHUNK);
        $last = count($chunks) - 1;
        $drawn = '';
        foreach ($chunks as $number => $chunk) {
            $more = $number === $last ? 0 : 1;
            $keys = $number === 0 ? "a=T,f=100,t=d,q=2,C=1,i=$this->id,p=1,c=$box->columns,r=$box->rows,m=$more" : "q=2,m=$more";
            $drawn .= "\e_G$keys;$chunk\e\\";
        }

        return $drawn;
    }

    public function forget(): string
    {
        return "\e_Ga=d,d=I,i=$this->id,q=2\e\\";
    }
}
