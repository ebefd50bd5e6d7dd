<?php

declare(strict_types=1);

namespace Mj\Http;

use Mj\Action;
use Mj\Client;
use Mj\Task;

/**
 * Seeds that Midjourney has to be asked for: once for each picture, and once more each time that it did not tell.
 *
 * @internal
 */
final class Seeds
{
    /** Seconds after which somebody who was told nothing may ask again. */
    private const PAUSE = 60;
    /** Newest tasks of a picture among which its seed is looked for. */
    private const LOOKED_AT = 100;

    /** @var \Closure(): float */
    private \Closure $clock;

    /** @param (\Closure(): float)|null $clock Unix time */
    public function __construct(private Client $mj, ?\Closure $clock = null)
    {
        $this->clock = $clock ?? static fn(): float => microtime(true);
    }

    /**
     * The task that asks, or has asked.
     *
     * @param array<string, mixed> $options of the submission, if there is one
     */
    public function ask(Task $task, array $options = []): Task
    {
        $last = $this->last($task);
        if ($last !== null && !$this->isOver($last)) {
            return $last;
        }
        // Whoever asks at the same time saw the same one fail, and is given the same task.
        $key = 'relay:seed:' . ($last ?? $task)->id;

        return $this->mj->action($task, 'seed', ['idempotency_key' => $key] + $options);
    }

    private function last(Task $task): ?Task
    {
        foreach ($this->mj->tasks(['parent_id' => $task->id], self::LOOKED_AT)->tasks() as $child) {
            if ($child->action->is(Action::SEED)) {
                return $child;
            }
        }

        return null;
    }

    /** Whether it came to nothing, and long enough ago. */
    private function isOver(Task $asked): bool
    {
        $endedAt = $asked->toArray()['finished_at'];

        return $endedAt !== null && !$asked->succeeded() && $endedAt / 1000 + self::PAUSE <= ($this->clock)();
    }
}
