<?php

declare(strict_types=1);

namespace Mj\Laravel;

use Mj\Framework\Sync;

/** `php artisan mj:sync`, for the scheduler: tells the listeners what changed, whoever submitted it. */
final class SyncCommand extends Command
{
    protected static function work(): string
    {
        return Sync::class;
    }
}
