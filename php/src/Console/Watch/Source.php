<?php

declare(strict_types=1);

namespace Mj\Console\Watch;

use Mj\Task;

/** Where what is watched comes from. */
interface Source
{
    /**
     * What changed since the last call; waits where nothing did.
     *
     * @param float $wait seconds at most
     *
     * @return list<Task>
     */
    public function changes(float $wait): array;

    /** Whether no more will change. */
    public function isOver(): bool;

    /** What watching ends with, where nobody interrupts it. */
    public function exitCode(): int;
}
