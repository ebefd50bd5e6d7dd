<?php

declare(strict_types=1);

namespace Mj;

use Mj\Internal\Word;

/** What kind of work a task is. The names of buttons are constants of {@see Button}. */
final class Action extends Word
{
    public const IMAGINE = 'IMAGINE';
    public const UPSCALE = 'UPSCALE';
    public const VARIATION = 'VARIATION';
    public const REROLL = 'REROLL';
    /** Any other button. */
    public const ACTION = 'ACTION';
    public const BLEND = 'BLEND';
    public const COMMAND = 'COMMAND';
    public const DESCRIBE = 'DESCRIBE';
    public const SEED = 'SEED';
    public const SHORTEN = 'SHORTEN';
    public const SHOW = 'SHOW';
}
