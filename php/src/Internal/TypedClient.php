<?php

declare(strict_types=1);

namespace Mj\Internal;

use Mj\Action;
use Mj\Button;
use Mj\Change;
use Mj\Client;
use Mj\MjException;
use Mj\Report;
use Mj\Task;
use Mj\TaskPage;
use Mj\Watch;
use Psr\EventDispatcher\EventDispatcherInterface;
use Psr\Log\LoggerInterface;

/**
 * The client on whatever does the work: arrays become objects, and each look is shown to the follower.
 *
 * @internal
 */
abstract class TypedClient implements Client
{
    /** Longest sleep, in seconds, on one task while others are waited for as well. */
    private const SLICE = 0.25;

    private Follower $follower;

    protected function __construct(
        private Functions $functions,
        ?LoggerInterface $logger,
        ?EventDispatcherInterface $dispatcher,
    ) {
        $this->follower = new Follower($logger, $dispatcher);
    }

    public function imagine(string $prompt, #[\SensitiveParameter] array $options = []): Task
    {
        return $this->submitted(Action::IMAGINE, $prompt, $this->functions->imagine($prompt, $options));
    }

    public function describe(string $image, #[\SensitiveParameter] array $options = []): Task
    {
        return $this->submitted(Action::DESCRIBE, '', $this->functions->describe($image, $options));
    }

    public function blend(array $images, #[\SensitiveParameter] array $options = []): Task
    {
        return $this->submitted(Action::BLEND, '', $this->functions->blend($images, $options));
    }

    public function shorten(string $prompt, #[\SensitiveParameter] array $options = []): Task
    {
        return $this->submitted(Action::SHORTEN, $prompt, $this->functions->shorten($prompt, $options));
    }

    public function show(string|Task $job, #[\SensitiveParameter] array $options = []): Task
    {
        return $this->submitted(Action::SHOW, '', $this->functions->show(self::id($job), $options));
    }

    public function command(string $name, array $arguments = [], #[\SensitiveParameter] array $options = []): Task
    {
        return $this->submitted(Action::COMMAND, $name, $this->functions->command($name, $arguments, $options));
    }

    public function action(string|Task $task, string|Button $action, #[\SensitiveParameter] array $options = []): Task
    {
        $name = $action instanceof Button ? $action->customId : $action;

        return $this->submitted(Action::ACTION, '', $this->functions->action(self::id($task), $name, $options));
    }

    public function upscale(string|Task $task, int $index, #[\SensitiveParameter] array $options = []): Task
    {
        return $this->action($task, Button::upscale($index), $options);
    }

    public function variation(string|Task $task, int $index, #[\SensitiveParameter] array $options = []): Task
    {
        return $this->action($task, Button::variation($index), $options);
    }

    public function reroll(string|Task $task, #[\SensitiveParameter] array $options = []): Task
    {
        return $this->action($task, Button::REROLL, $options);
    }

    public function poll(string|Task $task): ?Task
    {
        $record = $this->functions->poll(self::id($task));

        return $record === null ? null : $this->seen(new Task($record));
    }

    public function pollMany(iterable $tasks): array
    {
        $found = [];
        foreach ($this->functions->pollMany(self::ids($tasks)) as $id => $record) {
            $found[$id] = $record === null ? null : new Task($record);
        }
        foreach (array_filter($found) as $task) {
            $this->seen($task);
        }

        return $found;
    }

    public function wait(string|Task $task, float $timeout = 30.0): Task
    {
        $id = self::id($task);
        $this->follow($id);

        return $this->seen(new Task($this->functions->wait($id, $timeout)));
    }

    public function waitMany(iterable $tasks, float $timeout = 30.0): array
    {
        self::notNegative('waitMany', $timeout);
        $ids = self::ids($tasks);
        foreach ($ids as $id) {
            $this->follow($id);
        }
        $until = $this->functions->now() + $timeout;
        do {
            $found = array_filter($this->pollMany($ids));
            $left = $until - $this->functions->now();
            $open = array_filter($found, static fn(Task $task): bool => !$task->isFinished());
            if ($open !== [] && $left > 0) {
                $this->functions->wait((string) array_key_first($open), min(self::SLICE, $left));
            }
        } while ($open !== [] && $left > 0);

        return $found;
    }

    /** @return \Generator<int, Task, mixed, Task> which returns the last one */
    public function stream(string|Task $task, float $timeout = INF, float $slice = 0.25): \Generator
    {
        self::notNegative('stream', $timeout);
        if (!($slice > 0)) {
            throw new \ValueError(Client::class . '::stream(): Argument #3 ($slice) must be greater than 0');
        }

        return $this->changes(self::id($task), $timeout, $slice);
    }

    public function onFinished(string|Task $task, callable $listener): static
    {
        $id = self::id($task);
        $this->follow($id);
        $now = $this->seen(new Task($this->functions->wait($id, 0.0)));
        if ($now->isFinished()) {
            $listener($now);
        } else {
            $this->follower->listen($id, $listener);
        }

        return $this;
    }

    public function watch(): Watch
    {
        return new Watch(
            $this->functions->watch(),
            fn(): array => $this->changed(),
            fn(): int => count($this->follower->revisions()),
        );
    }

    public function tasks(array $filter = [], int $limit = 50, ?string $cursor = null): TaskPage
    {
        $page = $this->functions->tasks($filter, $limit, $cursor);
        $tasks = array_map(static fn(array $record): Task => new Task($record), $page['tasks']);

        return new TaskPage($tasks, $page['cursor']);
    }

    public function events(string $consumer, int $limit = 100, float $wait = 0.0): array
    {
        return array_map(
            static fn(array $event): Change => new Change($event['cursor'], new Task($event['task'])),
            $this->functions->events($consumer, $limit, $wait),
        );
    }

    public function ack(string $consumer, int|Change $cursor): void
    {
        $this->functions->ack($consumer, $cursor instanceof Change ? $cursor->cursor() : $cursor);
    }

    public function consume(string $consumer, callable $handler, int $limit = 100, float $wait = 0.0): int
    {
        $changes = $this->events($consumer, $limit, $wait);
        foreach ($changes as $change) {
            $handler($change->task());
            $this->ack($consumer, $change);
        }

        return count($changes);
    }

    public function cancel(string|Task $task): bool
    {
        return $this->functions->cancel(self::id($task));
    }

    public function download(string|Task $task, string $directory, #[\SensitiveParameter] array $options = []): array
    {
        return $this->functions->download(self::id($task), $directory, $options);
    }

    public function imageUrl(string $url): string
    {
        return $this->functions->imageUrl($url);
    }

    public function status(): array
    {
        return $this->functions->status();
    }

    public function metrics(): string
    {
        return $this->functions->metrics();
    }

    public function doctor(#[\SensitiveParameter] array $options = []): Report
    {
        if (array_key_exists('format', $options)) {
            throw new \ValueError(Client::class . '::doctor(): Argument #1 ($options) takes no "format": the report is an object');
        }

        return new Report($this->functions->doctor($options));
    }

    /** The task that a submission made. It is durable, so that no trouble with looking at it may lose its id. */
    private function submitted(string $action, string $prompt, string $id): Task
    {
        try {
            $record = $this->functions->submitted($id);
        } catch (MjException) {
            $record = null;
        }
        $task = new Task($record ?? Record::submitted($id, $action, $prompt));
        $this->follower->submitted($task);

        return $task;
    }

    /**
     * The followed tasks that have changed. Whoever throws while it is told keeps no other from being told.
     *
     * @return list<Task>
     */
    private function changed(): array
    {
        $revisions = $this->follower->revisions();
        $changed = [];
        $thrown = null;
        foreach ($revisions === [] ? [] : $this->functions->pollMany(array_map('strval', array_keys($revisions))) as $id => $record) {
            if ($record === null) {
                $this->follower->forget((string) $id);
            } elseif ($record['revision'] > ($revisions[$id] ?? 0)) {
                $changed[] = $task = new Task($record);
                try {
                    $this->seen($task);
                } catch (\Throwable $exception) {
                    $thrown ??= $exception;
                }
            }
        }
        if ($thrown !== null) {
            throw $thrown;
        }

        return $changed;
    }

    /** @return \Generator<int, Task, mixed, Task> */
    private function changes(string $id, float $timeout, float $slice): \Generator
    {
        $until = $this->functions->now() + $timeout;
        $this->follow($id);
        $task = $this->seen(new Task($this->functions->wait($id, 0.0)));
        yield $task->revision => $task;
        while (!$task->isFinished() && ($left = $until - $this->functions->now()) > 0) {
            $last = $task->revision;
            $task = $this->seen(new Task($this->functions->wait($id, min($slice, $left))));
            if ($task->revision !== $last) {
                yield $task->revision => $task;
            }
        }

        return $task;
    }

    /** Begins to follow a task that is not followed yet: what it is by then is not news. */
    private function follow(string $id): void
    {
        if (!$this->follower->follows($id)) {
            $this->follower->follow(new Task($this->functions->wait($id, 0.0)));
        }
    }

    private function seen(Task $task): Task
    {
        $this->follower->seen($task);

        return $task;
    }

    private static function id(string|Task $task): string
    {
        return $task instanceof Task ? $task->id : $task;
    }

    /**
     * @param iterable<string|Task> $tasks
     *
     * @return list<string>
     */
    private static function ids(iterable $tasks): array
    {
        $ids = [];
        foreach ($tasks as $task) {
            $ids[] = self::id($task);
        }

        return $ids;
    }

    private static function notNegative(string $method, float $timeout): void
    {
        if (!($timeout >= 0)) {
            throw new \ValueError(Client::class . "::$method(): Argument #2 (\$timeout) must be greater than or equal to 0");
        }
    }
}
