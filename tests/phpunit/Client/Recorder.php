<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator\Client;

use Psr\EventDispatcher\EventDispatcherInterface;
use Psr\Log\AbstractLogger;

/** A PSR-3 logger and PSR-14 dispatcher that keeps what it is told. */
final class Recorder extends AbstractLogger implements EventDispatcherInterface
{
    /** @var list<object> */
    public array $events = [];

    /** @var list<array{string, string, array<mixed>}> level, message with its context filled in, context */
    public array $lines = [];

    public function dispatch(object $event): object
    {
        return $this->events[] = $event;
    }

    /** @param mixed[] $context */
    public function log($level, $message, array $context = []): void
    {
        $words = [];
        foreach ($context as $name => $value) {
            $words["{{$name}}"] = (string) $value;
        }
        $this->lines[] = [(string) $level, strtr((string) $message, $words), $context];
    }

    /** @return list<string> what was dispatched: the class, without its namespace, and the task's status */
    public function told(): array
    {
        return array_map(
            static fn(object $event): string => substr((string) strrchr($event::class, '\\'), 1) . ' ' . $event->task()->status,
            $this->events,
        );
    }
}
