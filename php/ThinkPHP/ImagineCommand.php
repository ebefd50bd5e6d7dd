<?php

declare(strict_types=1);

namespace Mj\ThinkPHP;

use Mj\Framework\Imagine;

/** `php think mj:imagine "a cat --ar 3:2"`: draws, shows each change, says where the pictures are. */
final class ImagineCommand extends Command
{
    protected static function work(): string
    {
        return Imagine::class;
    }
}
