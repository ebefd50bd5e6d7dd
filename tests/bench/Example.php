<?php

declare(strict_types=1);

namespace Mj\Tests\Bench;

use Mj\Tests\Process\Extension;

/** Rust programs that measure one crate; `make bench` builds them beside the extension. */
final class Example
{
    public static function path(string $name): string
    {
        $path = dirname(Extension::path()) . "/examples/$name";
        if (!is_executable($path)) {
            throw new \RuntimeException("the example $name is not built; `make bench` does it");
        }

        return $path;
    }
}
