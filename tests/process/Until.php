<?php

declare(strict_types=1);

namespace Mj\Tests\Process;

/** Waits for something to become true, with a bound. */
final class Until
{
    /**
     * @param callable(): bool        $condition
     * @param callable(): string|null $message   why it matters, read when it did not become true
     */
    public static function true(callable $condition, float $seconds, ?callable $message = null): void
    {
        $until = microtime(true) + $seconds;
        while (!$condition()) {
            if (microtime(true) > $until) {
                throw new \RuntimeException($message === null ? "not true within $seconds s" : $message());
            }
            usleep(10_000);
        }
    }
}
