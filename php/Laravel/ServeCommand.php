<?php

declare(strict_types=1);

namespace Mj\Laravel;

use Mj\Framework\Serve;

/** `php artisan mj:serve`: a process that stays as the owner, where PHP-FPM is not there to be one. Not needed beside it. */
final class ServeCommand extends Command
{
    protected static function work(): string
    {
        return Serve::class;
    }
}
