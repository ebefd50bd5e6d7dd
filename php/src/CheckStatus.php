<?php

declare(strict_types=1);

namespace Mj;

use Mj\Internal\Word;

/** What became of a {@see Check}. */
final class CheckStatus extends Word
{
    public const OK = 'ok';
    /** It works, and something should be seen to. */
    public const WARNING = 'warning';
    public const FAILED = 'failed';
    /** Its ground failed, so that it would say nothing. */
    public const SKIPPED = 'skipped';
    /** It cannot be told from here. */
    public const UNKNOWN = 'unknown';
}
