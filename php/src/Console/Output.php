<?php

declare(strict_types=1);

namespace Mj\Console;

use Symfony\Component\Console\Output\ConsoleOutput;

/** Standard output that remembers what could not be written: a script that reads half a file must not be told 0. */
final class Output extends ConsoleOutput
{
    /** The same number on every Unix. */
    private const EPIPE = 32;

    private ?string $trouble = null;

    private bool $isClosed = false;

    /** Why something could not be written; null where all was, or where the reader wanted no more of it (`| head`). */
    public function trouble(): ?string
    {
        return $this->trouble;
    }

    /** Whether the reader has gone: nobody will see what is written from here on. */
    public function isClosed(): bool
    {
        return $this->isClosed;
    }

    protected function doWrite(string $message, bool $newline): void
    {
        error_clear_last();
        parent::doWrite($message, $newline);
        $said = error_get_last()['message'] ?? '';
        if (preg_match('/^fwrite\(\): .*errno=(\d+) (.+)$/D', $said, $found) !== 1) {
            return;
        }
        if ((int) $found[1] === self::EPIPE) {
            $this->isClosed = true;
        } else {
            $this->trouble ??= $found[2];
        }
    }
}
