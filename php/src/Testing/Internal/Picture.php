<?php

declare(strict_types=1);

namespace Mj\Testing\Internal;

/**
 * What the fake saves: one black pixel.
 *
 * @internal
 */
final class Picture
{
    public const PNG = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0\x3a\x7e\x9b\x55"
        . "\0\0\0\nIDATx\x9cc\x60\0\0\0\x02\0\x01\x48\xaf\xa4\x71\0\0\0\0IEND\xae\x42\x60\x82";
}
