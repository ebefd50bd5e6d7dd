<?php

declare(strict_types=1);

namespace Mj;

/** An entry of the feed: that a task changed. */
final class Change
{
    public function __construct(private int $cursor, private Task $task) {}

    /** What {@see Client::ack()} takes. */
    public function cursor(): int
    {
        return $this->cursor;
    }

    /** The task as it is now, so several changes of one task may show the same revision. */
    public function task(): Task
    {
        return $this->task;
    }
}
