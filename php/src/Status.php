<?php

declare(strict_types=1);

namespace Mj;

use Mj\Internal\Word;

/**
 * Where a task is. It only moves forward, in the order of the constants; the last three are ends. One edge is left: a
 * picture that comes after a `FAILURE` makes it a `SUCCESS`, with `$task->late`.
 */
final class Status extends Word
{
    /** Waits in our queue. */
    public const NOT_START = 'NOT_START';
    /** Was sent to Discord. */
    public const SUBMITTED = 'SUBMITTED';
    /** Midjourney opened a dialog, which is being answered. */
    public const MODAL = 'MODAL';
    /** Midjourney works. */
    public const IN_PROGRESS = 'IN_PROGRESS';
    public const SUCCESS = 'SUCCESS';
    public const FAILURE = 'FAILURE';
    /** Was cancelled by its caller. */
    public const CANCEL = 'CANCEL';

    /** Whether it is an end. */
    public function isFinal(): bool
    {
        return $this->is(self::SUCCESS, self::FAILURE, self::CANCEL);
    }
}
