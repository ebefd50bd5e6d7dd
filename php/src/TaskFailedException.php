<?php

declare(strict_types=1);

namespace Mj;

/** A task that failed or was cancelled, where its caller asked to be told so by {@see Task::orThrow()}. */
final class TaskFailedException extends MjException
{
    public function __construct(private Task $task)
    {
        $end = $task->failCode === null ? $task->status->value : "{$task->status->value}, {$task->failCode->value}";
        parent::__construct("task {$task->id} ended without a result: $end");
    }

    public function task(): Task
    {
        return $this->task;
    }
}
