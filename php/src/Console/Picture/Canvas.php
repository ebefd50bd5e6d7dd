<?php

declare(strict_types=1);

namespace Mj\Console\Picture;

use Symfony\Component\Console\Output\OutputInterface;

/** A picture among lines of text, which another may take the place of. */
final class Canvas
{
    /** Rows that the picture has, directly above the cursor. */
    private int $rows = 0;

    private string $drawn = '';

    public function __construct(private OutputInterface $output, private Protocol $protocol, private Box $box) {}

    /**
     * Draws a picture where the cursor is, or in place of the one before, whose end the cursor must be at; then the cursor
     * is at the beginning of the line behind it.
     *
     * @return bool false where nothing was drawn: it is the same, or cannot be shown
     */
    public function draw(string $bytes): bool
    {
        $hash = md5($bytes);
        $box = $hash === $this->drawn ? null : $this->box->around($bytes);
        $picture = $box === null ? null : $this->protocol->draw($bytes, $box);
        if ($box === null || $picture === null) {
            return false;
        }
        $erased = $this->rows === 0 ? '' : $this->protocol->forget() . "\e[{$this->rows}A\r\e[J";
        // One is left empty. They are made first, so that the terminal has scrolled before it keeps the place of the cursor.
        $rows = $box->rows + 1;
        $place = str_repeat("\n", $rows) . "\e[{$rows}A\r\e7";
        $this->output->write("$erased$place$picture\e8\e[{$rows}B\r", false, OutputInterface::OUTPUT_RAW);
        [$this->rows, $this->drawn] = [$rows, $hash];

        return true;
    }
}
