<?php

declare(strict_types=1);

namespace Mj\Framework;

use Mj\Console\Interruption;

/**
 * `mj:sync`, for the cron of each minute: tells the listeners of `Mj\Event\TaskChanged` and `Mj\Event\TaskFinished` what
 * changed, whoever submitted it. Exits with 1 when one of them threw; that change comes again, before all others.
 */
final class Sync extends Command
{
    public const NAME = 'mj:sync';
    public const DESCRIPTION = 'Tell the listeners of Midjourney tasks what changed';

    public static function parameters(): array
    {
        return [Parameter::option('seconds', 'how long it stays for what is to come', '50')];
    }

    protected function work(array $given, callable $say): int
    {
        $seconds = self::seconds($given, 'seconds');
        $feed = new Feed($this->application);
        $interruption = Interruption::heard();
        try {
            if (!$feed->begin()) {
                $say('another process is at it');

                return 0;
            }
            $told = $feed->follow($seconds, static fn(): bool => $interruption->came());
        } catch (ListenerFailed $thrown) {
            $say($thrown->getMessage());

            return 1;
        } finally {
            $feed->end();
            $interruption->end();
        }
        $say($told === 1 ? '1 change' : "$told changes");

        return 0;
    }
}
