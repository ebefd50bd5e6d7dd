<?php

declare(strict_types=1);

namespace Mj\Framework;

use Mj\Console\Interruption;
use Mj\Midjourney;

/** `mj:serve`: a process that stays as the owner, where PHP-FPM is not there to be one. SIGTERM and SIGINT end it well. */
final class Serve extends Command
{
    public const NAME = 'mj:serve';
    public const DESCRIPTION = 'Stay, and talk to Discord';

    /** Longest time in one call, in seconds, so that no number is too great. */
    private const SLICE = 3600.0;

    public static function parameters(): array
    {
        return [Parameter::option('seconds', 'how long; until it is stopped without', '')];
    }

    protected function work(array $given, callable $say): int
    {
        $until = self::text($given, 'seconds') === '' ? INF : self::now() + self::seconds($given, 'seconds');
        $mj = $this->application->client();
        if (!$mj instanceof Midjourney) {
            $say('the client is not the extension\'s');

            return 1;
        }
        $interruption = Interruption::heard();
        try {
            // A signal or a time limit of the application's ends one call, and not the service.
            do {
                $mj->serve(max(0.0, min(self::SLICE, $until - self::now())));
            } while (!$interruption->came() && self::now() < $until);
        } finally {
            $interruption->end();
        }

        return 0;
    }

    private static function now(): float
    {
        return hrtime(true) / 1e9;
    }
}
