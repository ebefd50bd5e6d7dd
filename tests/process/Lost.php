<?php

declare(strict_types=1);

namespace Mj\Tests\Process;

/** The worker ended before it answered: nobody knows what it had done. */
final class Lost extends \RuntimeException
{
}
