<?php

declare(strict_types=1);

namespace Mj\ThinkPHP;

use Mj\Framework\Doctor;

/** `php think mj:doctor`: what is wrong, and what to do. */
final class DoctorCommand extends Command
{
    protected static function work(): string
    {
        return Doctor::class;
    }
}
