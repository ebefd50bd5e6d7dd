<?php

declare(strict_types=1);

namespace Mj\ThinkPHP;

use Mj\Framework\Sync;

/** `php think mj:sync`, for the cron of each minute: tells the listeners what changed, whoever submitted it. */
final class SyncCommand extends Command
{
    protected static function work(): string
    {
        return Sync::class;
    }
}
