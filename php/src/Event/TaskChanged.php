<?php

declare(strict_types=1);

namespace Mj\Event;

use Mj\Task;

/** A client saw that a task, which it follows, has changed. */
final class TaskChanged
{
    public function __construct(private Task $task) {}

    public function task(): Task
    {
        return $this->task;
    }
}
