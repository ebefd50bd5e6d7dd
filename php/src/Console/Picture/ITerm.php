<?php

declare(strict_types=1);

namespace Mj\Console\Picture;

/** iTerm2's inline images, which WezTerm, mintty and VS Code have as well: OSC 1337 with the file as it is, in Base64. */
final class ITerm implements Protocol
{
    public function draw(string $bytes, Box $box): string
    {
        $size = strlen($bytes);
        $arguments = "inline=1;size=$size;width=$box->columns;height=$box->rows;preserveAspectRatio=1";

        return "\e]1337;File=$arguments:" . base64_encode($bytes) . "\x07";
    }

    public function forget(): string
    {
        return '';
    }
}
