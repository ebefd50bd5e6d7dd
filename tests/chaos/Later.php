<?php

declare(strict_types=1);

namespace Mj\Tests\Chaos;

/** Signals that come while the harness itself waits for answers. */
final class Later
{
    /** Sends a signal after a few milliseconds; tells that it will. */
    public static function signal(int $pid, int $signal, int $milliseconds): bool
    {
        exec(sprintf('(sleep %.3F; kill -%d %d) >/dev/null 2>&1 &', $milliseconds / 1000, $signal, $pid));

        return true;
    }
}
