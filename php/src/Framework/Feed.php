<?php

declare(strict_types=1);

namespace Mj\Framework;

use Mj\Event\TaskChanged;
use Mj\Event\TaskFinished;
use Mj\Task;

/**
 * Tells an application's listeners what the feed has: of each change a `TaskChanged`, at a task's end a `TaskFinished` too.
 *
 * A change counts as told when no listener threw. The feed shows each task as it is now; so of the changes of one task that
 * come together only the last is told, and nothing twice. Only a process that dies, or a listener that throws after another
 * one has acted, makes a change come again: what must act once keeps id and revision.
 */
final class Feed
{
    /** Changes that are read at once. */
    private const BATCH = 100;

    /** Longest wait for a change in one call, in seconds. */
    private const SLICE = 5.0;

    /** Tasks whose last told revision is remembered. */
    private const MOST = 4096;

    /** @var array<string, int> revision that was told last, by task */
    private array $told = [];

    /** @var resource|null */
    private $lock;

    public function __construct(private Application $application) {}

    /**
     * Keeps other processes of the same consumer out until `end()`, as far as the state directory can be written to.
     *
     * @return bool false when another one is at it
     *
     * @throws \Mj\MjException when a setting is missing or wrong, or the store cannot be used
     */
    public function begin(): bool
    {
        $directory = $this->application->client()->status()['state_dir'];
        $lock = is_dir($directory) ? self::file("$directory/sync-{$this->application->settings()->consumer()}.lock") : null;
        if ($lock === null) {
            return true;
        }
        $this->lock = $lock;

        return flock($lock, LOCK_EX | LOCK_NB);
    }

    public function end(): void
    {
        if ($this->lock !== null) {
            fclose($this->lock);
            $this->lock = null;
        }
    }

    /**
     * Tells what there is and what comes, for so many seconds.
     *
     * @param callable(): bool $isStopped
     *
     * @return int how many changes were told
     *
     * @throws ListenerFailed when a listener threw
     * @throws \Mj\MjException when the store cannot be used
     */
    public function follow(float $seconds, callable $isStopped): int
    {
        $until = hrtime(true) / 1e9 + $seconds;
        $told = 0;
        do {
            $left = max(0.0, $until - hrtime(true) / 1e9);
            [$read, $new] = $this->batch(min(self::SLICE, $left));
            $told += $new;
        } while (!$isStopped() && ($left > 0.0 || $read === self::BATCH));

        return $told;
    }

    /**
     * The lock's file. What root's cron makes belongs to the directory's owner, as all that lies there; and no link is
     * followed, since that owner may be somebody whom root should not trust.
     *
     * @return resource|null
     */
    private static function file(string $path)
    {
        if (is_link($path)) {
            return null;
        }
        $made = @fopen($path, 'xe');
        if ($made !== false && fileowner(dirname($path)) !== fileowner($path)) {
            @lchown($path, (int) fileowner(dirname($path)));
            @lchgrp($path, (int) filegroup(dirname($path)));
        }
        $file = $made !== false ? $made : @fopen($path, 'r+e');

        return $file === false ? null : $file;
    }

    /** @return array{int, int} how many changes were read, and how many told */
    private function batch(float $wait): array
    {
        $mj = $this->application->client();
        $consumer = $this->application->settings()->consumer();
        $changes = $mj->events($consumer, self::BATCH, $wait);
        $last = [];
        foreach ($changes as $number => $change) {
            $last[$change->task()->id] = $number;
        }
        $told = 0;
        foreach ($changes as $number => $change) {
            $task = $change->task();
            if ($last[$task->id] !== $number) {
                continue;
            }
            if (($this->told[$task->id] ?? 0) < $task->revision) {
                $this->tell($task);
                ++$told;
            }
            $mj->ack($consumer, $change);
        }

        return [count($changes), $told];
    }

    private function tell(Task $task): void
    {
        try {
            $this->application->dispatch(new TaskChanged($task));
            if ($task->isFinished()) {
                $this->application->dispatch(new TaskFinished($task));
            }
        } catch (\Throwable $thrown) {
            $this->application->report($thrown);
            throw new ListenerFailed($thrown);
        }
        unset($this->told[$task->id]);
        $this->told[$task->id] = $task->revision;
        if (count($this->told) > self::MOST) {
            array_shift($this->told);
        }
    }
}
