<?php

declare(strict_types=1);

namespace Mj\ChatMoney;

use Mj\Task;

/** A delivery that is being tried, as the ledger has it. */
final class Claim
{
    public function __construct(private Task $task, private int $tries, private int $nextAt) {}

    public function task(): Task
    {
        return $this->task;
    }

    /** How many tries there were, with this one. */
    public function tries(): int
    {
        return $this->tries;
    }

    /** Unix time of the next try, if this one comes to nothing. */
    public function nextAt(): int
    {
        return $this->nextAt;
    }
}
