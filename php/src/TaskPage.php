<?php

declare(strict_types=1);

namespace Mj;

/**
 * A part of the list of tasks, newest first. `$mj->tasks($filter, $limit, $page->cursor())` gives the next.
 *
 * @implements \IteratorAggregate<int, Task>
 */
final class TaskPage implements \Countable, \IteratorAggregate
{
    /** @param list<Task> $tasks */
    public function __construct(private array $tasks, private ?string $cursor) {}

    /** @return list<Task> */
    public function tasks(): array
    {
        return $this->tasks;
    }

    /** Where the next part begins; null at the end. */
    public function cursor(): ?string
    {
        return $this->cursor;
    }

    public function count(): int
    {
        return count($this->tasks);
    }

    /** @return \ArrayIterator<int, Task> */
    public function getIterator(): \ArrayIterator
    {
        return new \ArrayIterator($this->tasks);
    }
}
