<?php

declare(strict_types=1);

namespace Mj\Event;

use Mj\Task;

/** A client saw that a task, which it follows, has ended: well, or not. */
final class TaskFinished
{
    public function __construct(private Task $task) {}

    public function task(): Task
    {
        return $this->task;
    }
}
