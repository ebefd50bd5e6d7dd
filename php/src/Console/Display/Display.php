<?php

declare(strict_types=1);

namespace Mj\Console\Display;

use Mj\Task;

/** Shows a task while it is waited for, and how it ended. */
interface Display
{
    /** A task that was submitted just now, or is looked at. Comes first, and at once: the id must not be lost. */
    public function begin(Task $task): void;

    /** The task as it is now; called several times a second. */
    public function show(Task $task): void;

    /**
     * The task has ended.
     *
     * @param list<string> $files in which its pictures were saved
     */
    public function end(Task $task, array $files): void;

    /** Nobody waits any more. The task goes on. */
    public function leave(Task $task, string $why): void;
}
