<?php

declare(strict_types=1);

namespace Mj\Console\Picture;

/** The part of a terminal that a picture covers: in cells, and of how many pixels a cell is made. */
final class Box
{
    /**
     * @param int $cellWidth  pixels
     * @param int $cellHeight pixels
     */
    public function __construct(
        public int $columns,
        public int $rows,
        public int $cellWidth = 10,
        public int $cellHeight = 20,
    ) {}

    /** The largest part of this box with the shape of a picture; null where the bytes are no picture. */
    public function around(string $bytes): ?self
    {
        $size = @getimagesizefromstring($bytes);
        if ($size === false || $size[0] < 1 || $size[1] < 1) {
            return null;
        }
        $shape = $size[1] / $size[0] * $this->cellWidth / $this->cellHeight;
        $columns = $this->columns;
        $rows = (int) round($columns * $shape);
        if ($rows > $this->rows) {
            $rows = $this->rows;
            $columns = (int) round($rows / $shape);
        }

        return new self(max(1, min($columns, $this->columns)), max(1, $rows), $this->cellWidth, $this->cellHeight);
    }

    public function width(): int
    {
        return $this->columns * $this->cellWidth;
    }

    public function height(): int
    {
        return $this->rows * $this->cellHeight;
    }
}
