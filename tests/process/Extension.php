<?php

declare(strict_types=1);

namespace Mj\Tests\Process;

/** The extension under test: MJ_EXTENSION names it. */
final class Extension
{
    public static function path(): string
    {
        $path = getenv('MJ_EXTENSION');
        if ($path === false || !is_file($path)) {
            throw new \RuntimeException('MJ_EXTENSION must name mj.so; `make test` sets it');
        }

        return realpath($path);
    }
}
