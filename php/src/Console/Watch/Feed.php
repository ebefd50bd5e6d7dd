<?php

declare(strict_types=1);

namespace Mj\Console\Watch;

use Mj\Client;
use Mj\Console\ExitCode;
use Mj\Status;

/**
 * All tasks, by the feed of changes: first those that run, then each that changes from now on.
 *
 * Its consumer is one of its own, so that it takes nothing from others; the store forgets it with the events that it saw.
 */
final class Feed implements Source
{
    private const RUNNING = [Status::NOT_START, Status::SUBMITTED, Status::MODAL, Status::IN_PROGRESS];

    private string $consumer;

    private bool $isBegun = false;

    public function __construct(private Client $client)
    {
        $this->consumer = 'mj-watch-' . bin2hex(random_bytes(6));
        $this->client->ack($this->consumer, \PHP_INT_MAX);
    }

    public function changes(float $wait): array
    {
        if (!$this->isBegun) {
            $this->isBegun = true;

            return array_reverse($this->client->tasks(['status' => self::RUNNING], 100)->tasks());
        }
        $tasks = [];
        $events = $this->client->events($this->consumer, 200, $wait);
        foreach ($events as $event) {
            // Several changes of one task show it as it is now.
            $tasks[$event->task()->id] = $event->task();
        }
        if ($events !== []) {
            $this->client->ack($this->consumer, end($events));
        }

        return array_values($tasks);
    }

    public function isOver(): bool
    {
        return false;
    }

    public function exitCode(): int
    {
        return ExitCode::DONE;
    }
}
