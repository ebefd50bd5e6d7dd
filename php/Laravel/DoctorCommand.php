<?php

declare(strict_types=1);

namespace Mj\Laravel;

use Mj\Framework\Doctor;

/** `php artisan mj:doctor`: what is wrong, and what to do. */
final class DoctorCommand extends Command
{
    protected static function work(): string
    {
        return Doctor::class;
    }
}
