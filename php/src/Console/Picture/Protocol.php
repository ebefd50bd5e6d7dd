<?php

declare(strict_types=1);

namespace Mj\Console\Picture;

/** A way in which a terminal takes pictures. */
interface Protocol
{
    /**
     * What the terminal must be sent to show a picture where its cursor is.
     *
     * @param string $bytes   a PNG, as the extension makes of every picture
     * @param Box    $box     what the picture may cover
     *
     * @return string|null null where the picture cannot be shown
     */
    public function draw(string $bytes, Box $box): ?string;

    /** What makes the terminal forget the picture that was drawn last; text that is erased takes others along. */
    public function forget(): string;
}
