<?php

declare(strict_types=1);

namespace Mj\Internal;

use Mj\Event\TaskChanged;
use Mj\Event\TaskFinished;
use Mj\Event\TaskSubmitted;
use Mj\Task;
use Psr\EventDispatcher\EventDispatcherInterface;
use Psr\Log\LoggerInterface;

/**
 * Tells of each change of the followed tasks once, however often it is seen.
 *
 * Log lines have the task's id, status and fail code: never a prompt, an address or Midjourney's words.
 *
 * @internal
 */
final class Follower
{
    /** A worker that submits for ever and never looks forgets the oldest of so many. */
    private const MOST = 4096;

    /** @var array<string, int> the revision that was seen last, by task */
    private array $revisions = [];

    /** @var array<string, list<callable(Task): mixed>> by task */
    private array $listeners = [];

    public function __construct(private ?LoggerInterface $logger, private ?EventDispatcherInterface $dispatcher) {}

    public function follows(string $id): bool
    {
        return isset($this->revisions[$id]);
    }

    /** Begins to follow a task; one that has ended has nothing to tell any more. */
    public function follow(Task $task): void
    {
        if ($task->isFinished()) {
            return;
        }
        $this->revisions[$task->id] = $task->revision;
        foreach ($this->revisions as $id => $_) {
            if (count($this->revisions) <= self::MOST) {
                break;
            }
            if (!isset($this->listeners[$id])) {
                unset($this->revisions[$id]);
            }
        }
    }

    /** @return array<string, int> the revision that was seen last, by task; none that has ended */
    public function revisions(): array
    {
        return $this->revisions;
    }

    /** The task is gone. */
    public function forget(string $id): void
    {
        unset($this->revisions[$id], $this->listeners[$id]);
    }

    /** @param callable(Task): mixed $listener called when the task ends */
    public function listen(string $id, callable $listener): void
    {
        $this->listeners[$id][] = $listener;
    }

    /** Never throws: whoever is not given the id of what was submitted submits it again, and pays twice. */
    public function submitted(Task $task): void
    {
        $this->follow($task);
        $tell = [
            fn(Task $task): mixed => $this->logger?->info('mj: {action} {task} was submitted', self::context($task)),
            fn(Task $task): mixed => $this->dispatcher?->dispatch(new TaskSubmitted($task)),
        ];
        foreach ($tell as $one) {
            try {
                $one($task);
            } catch (\Throwable $thrown) {
                // Its words are not known to be free of prompts, and the logger may be what threw.
                $class = explode("\0", $thrown::class)[0];
                error_log("mj: $class was thrown where task $task->id was told of; it was submitted all the same");
            }
        }
    }

    /** Whoever throws while it is told keeps no other from being told; the first exception is thrown on when all were. */
    public function seen(Task $task): void
    {
        $last = $this->revisions[$task->id] ?? null;
        if ($last === null || $task->revision <= $last) {
            return;
        }
        $this->revisions[$task->id] = $task->revision;
        if (!$task->isFinished()) {
            $this->logger?->debug('mj: {action} {task} is {status}, {progress} %', self::context($task));
            $this->dispatcher?->dispatch(new TaskChanged($task));

            return;
        }
        $listeners = $this->listeners[$task->id] ?? [];
        unset($this->revisions[$task->id], $this->listeners[$task->id]);
        $thrown = null;
        foreach ([...$this->ended(), ...$listeners] as $tell) {
            try {
                $tell($task);
            } catch (\Throwable $exception) {
                $thrown ??= $exception;
            }
        }
        if ($thrown !== null) {
            throw $thrown;
        }
    }

    /** @return list<\Closure(Task): mixed> how all but the listeners are told of an end */
    private function ended(): array
    {
        return [
            fn(Task $task): mixed => $task->failed()
                ? $this->logger?->warning('mj: {action} {task} ended as {status}: {code}', self::context($task))
                : $this->logger?->info('mj: {action} {task} ended as {status}', self::context($task)),
            fn(Task $task): mixed => $this->dispatcher?->dispatch(new TaskChanged($task)),
            fn(Task $task): mixed => $this->dispatcher?->dispatch(new TaskFinished($task)),
        ];
    }

    /** @return array{task: string, action: string, status: string, progress: int, code: ?string} */
    private static function context(Task $task): array
    {
        return [
            'task' => $task->id,
            'action' => $task->action->value,
            'status' => $task->status->value,
            'progress' => $task->progress,
            'code' => $task->failCode?->value,
        ];
    }
}
