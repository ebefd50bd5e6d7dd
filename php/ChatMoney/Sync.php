<?php

declare(strict_types=1);

namespace Mj\ChatMoney;

use Mj\Client;
use Mj\Status;
use Mj\Task;

/**
 * Takes results from the feed to the notify function, each once.
 *
 * The feed is acknowledged as far as the ledger has what came of it: a result that could not be delivered is owed by the
 * ledger, and stands in nobody's way.
 */
final class Sync
{
    /** Changes that are read from the feed at once. */
    private const BATCH = 200;

    /** Longest wait for a change in a run, in seconds: a try may be due, the lock may be free again. */
    private const SLICE = 1.0;

    private const OPEN = [Status::NOT_START, Status::SUBMITTED, Status::MODAL, Status::IN_PROGRESS];

    /** A notify function that polls must not begin another one. */
    private bool $isRunning = false;

    /** @var callable(array<string, mixed>): mixed */
    private $notify;

    /** @var (callable(\Throwable, string): mixed)|null */
    private $onError;

    /**
     * @param callable(array<string, mixed>): mixed        $notify  gives false for a task that it does not know (yet)
     * @param string                                       $site    consumer of the feed, and what its tasks are known by
     * @param (callable(\Throwable, string): mixed)|null $onError is told what the notify function threw, and the task's id
     */
    public function __construct(
        private Client $mj,
        private Ledger $ledger,
        callable $notify,
        private string $site,
        ?callable $onError = null,
    ) {
        $this->notify = $notify;
        $this->onError = $onError;
    }

    /**
     * Delivers what there is, and never waits for more.
     *
     * @param float $seconds after which no further delivery is begun; what is left comes with the next call
     *
     * @return array{busy: bool, delivered: int, failed: int, owed: int, abandoned: int} `busy`: another process is at it
     *                                                                                 and nothing was done here
     */
    public function once(float $seconds): array
    {
        $done = ['busy' => true, 'delivered' => 0, 'failed' => 0];
        $this->alone(function () use ($seconds, &$done): void {
            $until = self::now() + $seconds;
            $done = $this->feed($until, $this->due($until, ['busy' => false] + $done));
        });
        $counts = $this->ledger->counts();

        return $done + ['owed' => $counts['owed'], 'abandoned' => $counts['abandoned']];
    }

    /**
     * Delivers until nothing runs and nothing is due within the time: for the cron.
     *
     * @return array{busy: bool, delivered: int, failed: int, owed: int, abandoned: int, open: bool} `open`: time was over
     *                                                                                             before all had ended
     */
    public function run(float $seconds): array
    {
        $until = self::now() + $seconds;
        $delivered = $failed = 0;
        while (true) {
            // Looked at before the feed is read, so that what ends in between is still seen.
            $open = $this->hasOpen();
            $one = $this->once(max(0.0, $until - self::now()));
            $delivered += $one['delivered'];
            $failed += $one['failed'];
            $next = $this->ledger->counts()['next'];
            $left = $until - self::now();
            $comes = $open || $one['busy'] || ($next > 0 && $next <= time() + $left);
            if (!$comes || $left <= 0) {
                break;
            }
            $this->pause(min(self::SLICE, $left), $one['busy']);
        }
        $this->alone(fn() => $this->ledger->prune());

        return ['delivered' => $delivered, 'failed' => $failed] + $one + ['open' => $open];
    }

    /** Does something that no other process may do at the same time; leaves it where one is at it. */
    private function alone(callable $work): void
    {
        if ($this->isRunning || !$this->ledger->lock()) {
            return;
        }
        $this->isRunning = true;
        try {
            $work();
        } finally {
            $this->isRunning = false;
            $this->ledger->unlock();
        }
    }

    /**
     * What is owed and due.
     *
     * @param array{busy: bool, delivered: int, failed: int} $done
     *
     * @return array{busy: bool, delivered: int, failed: int}
     */
    private function due(float $until, array $done): array
    {
        $ids = $this->ledger->due();
        foreach ($ids === [] ? [] : $this->mj->pollMany($ids) as $id => $task) {
            if ($task === null) {
                $this->ledger->abandon($id);
            } elseif (self::now() < $until) {
                $done = $this->settle($task, $done);
            }
        }

        return $done;
    }

    /**
     * What is new.
     *
     * @param array{busy: bool, delivered: int, failed: int} $done
     *
     * @return array{busy: bool, delivered: int, failed: int}
     */
    private function feed(float $until, array $done): array
    {
        do {
            $last = null;
            $settled = [];
            $changes = $this->mj->events($this->site, self::BATCH);
            foreach ($changes as $change) {
                $task = $change->task();
                $id = $task->groupId ?? $task->id;
                if ($this->isOurs($task) && $task->isFinished() && !isset($settled[$id])) {
                    if ($last !== null && self::now() >= $until) {
                        break;
                    }
                    $whole = $id === $task->id ? $task : $this->mj->poll($id);
                    if ($whole !== null && $whole->isFinished()) {
                        $done = $this->settle($whole, $done);
                        $settled[$id] = true;
                    }
                }
                $last = $change;
            }
            if ($last !== null) {
                $this->mj->ack($this->site, $last);
            }
        } while (count($changes) === self::BATCH && self::now() < $until);

        return $done;
    }

    /**
     * @param array{busy: bool, delivered: int, failed: int} $done
     *
     * @return array{busy: bool, delivered: int, failed: int}
     */
    private function settle(Task $task, array $done): array
    {
        $claim = $this->ledger->claim($task);
        if ($claim === null) {
            return $done;
        }
        try {
            if ($this->ledger->deliver($claim, fn() => $this->notify($task))) {
                ++$done['delivered'];
            }
        } catch (\Throwable $thrown) {
            ++$done['failed'];
            $this->ledger->failed($claim, self::reason($thrown));
            if ($this->onError !== null) {
                ($this->onError)($thrown, $task->id);
            }
        }

        return $done;
    }

    private function notify(Task $task): void
    {
        $said = explode(':', substr((string) $task->state, strlen($this->site) + 1), 2);
        if (($this->notify)(Notice::payload($task, $said[0], $said[1] ?? '')) === false) {
            throw new UnknownTaskException('no record has this task yet');
        }
    }

    /** Class and place only: what a site's exceptions say may have prompts and signed links. */
    private static function reason(\Throwable $thrown): string
    {
        if ($thrown instanceof UnknownTaskException) {
            return $thrown->getMessage();
        }
        // The name of a class without one has its path behind a NUL; any name may have bytes that a column refuses.
        $place = explode("\0", $thrown::class)[0] . ' in ' . basename($thrown->getFile()) . ':' . $thrown->getLine();

        return (string) preg_replace('/[^ -~]/', '?', $place);
    }

    private function isOurs(Task $task): bool
    {
        return str_starts_with((string) $task->state, "$this->site:");
    }

    private function hasOpen(): bool
    {
        $cursor = null;
        do {
            $page = $this->mj->tasks(['status' => self::OPEN], 1000, $cursor);
            foreach ($page->tasks() as $task) {
                if ($this->isOurs($task)) {
                    return true;
                }
            }
            $cursor = $page->cursor();
        } while ($cursor !== null);

        return false;
    }

    /** Until a task changes; the feed of a lock that another has may be full, so that is waited for by the clock. */
    private function pause(float $seconds, bool $isBusy): void
    {
        if ($isBusy) {
            usleep(max(0, (int) (1e6 * min(0.2, $seconds))));
        } else {
            $this->mj->events($this->site, 1, $seconds);
        }
    }

    private static function now(): float
    {
        return hrtime(true) / 1e9;
    }
}
