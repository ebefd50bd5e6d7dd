<?php

declare(strict_types=1);

namespace Mj\Console\Watch;

use Mj\Client;
use Mj\Console\ExitCode;
use Mj\Console\Refusal;
use Mj\Task;

/** Some tasks, until the last of them has ended. */
final class Given implements Source
{
    /** @var array<string, Task> by id, as they were seen last */
    private array $tasks = [];

    /** @param list<string> $ids */
    public function __construct(private Client $client, private array $ids) {}

    public function changes(float $wait): array
    {
        $open = array_filter($this->tasks, static fn(Task $task): bool => !$task->isFinished());
        if ($open !== []) {
            // The end of any other is seen with the next look.
            $this->client->wait((string) array_key_first($open), count($open) === 1 ? $wait : min(0.25, $wait));
        }
        $changed = [];
        foreach ($this->client->pollMany($this->ids) as $id => $task) {
            $task ?? throw Refusal::usage("there is no task $id");
            if (($this->tasks[$id] ?? null)?->revision !== $task->revision) {
                $changed[] = $this->tasks[$id] = $task;
            }
        }

        return $changed;
    }

    public function isOver(): bool
    {
        return array_filter($this->tasks, static fn(Task $task): bool => !$task->isFinished()) === [];
    }

    public function exitCode(): int
    {
        $failed = array_filter($this->tasks, static fn(Task $task): bool => $task->isFinished() && !$task->succeeded());

        return match (true) {
            !$this->isOver() => ExitCode::TIMEOUT,
            $failed !== [] => ExitCode::FAILED,
            default => ExitCode::DONE,
        };
    }
}
