<?php

declare(strict_types=1);

namespace Mj\Tests\Relay;

/** What the relay answered. */
final class Answer
{
    /** @param array<string, string> $headers names in lower case */
    public function __construct(public int $status, public array $headers, public string $body)
    {
    }

    /** @return array<array-key, mixed> */
    public function json(): array
    {
        return json_decode($this->body, true, 64, JSON_THROW_ON_ERROR);
    }
}
