<?php

declare(strict_types=1);

namespace Mj\Event;

use Mj\Task;

/** A task was submitted by this client; or found again, by its idempotency key. */
final class TaskSubmitted
{
    public function __construct(private Task $task) {}

    public function task(): Task
    {
        return $this->task;
    }
}
