<?php

declare(strict_types=1);

namespace Mj;

/** The task does not offer the action; the message names those that it does. */
class ActionUnavailableException extends MjException
{
    /** `NOT_OFFERED`, `NOT_FINISHED`, `NEEDS_PERSON` or `NEEDS_USER_GATEWAY`. */
    public string $reason = '';
}
