<?php

declare(strict_types=1);

namespace Mj;

/** Too many tasks wait. */
class QueueFullException extends MjException
{
    /** Seconds after which another try makes sense. */
    public int $retryAfter = 0;
}
