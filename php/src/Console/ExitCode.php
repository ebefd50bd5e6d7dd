<?php

declare(strict_types=1);

namespace Mj\Console;

/** What `mj` ends with; docs/console.md tells the same. */
final class ExitCode
{
    /** What was asked for is done. */
    public const DONE = 0;
    /** The task failed or was cancelled, or what was asked cannot be done now. */
    public const FAILED = 1;
    /** A command, argument or option cannot be used; nothing was submitted. */
    public const USAGE = 2;
    /** The extension, Symfony Console or a setting is missing. */
    public const UNCONFIGURED = 3;
    /** Time for waiting is over; the task goes on. */
    public const TIMEOUT = 4;
    /** The doctor found something that must be mended. */
    public const UNWELL = 5;
    /** Less than the number of the signal that interrupted: 130 for Ctrl-C, 143 for SIGTERM. */
    public const SIGNAL = 128;
}
