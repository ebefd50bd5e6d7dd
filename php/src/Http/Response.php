<?php

declare(strict_types=1);

namespace Mj\Http;

/** What is sent back. */
final class Response
{
    /** @param array<string, string> $headers */
    public function __construct(private int $status, private string $body = '', private array $headers = []) {}

    /** @param array<string, string> $headers */
    public static function json(mixed $value, int $status = 200, array $headers = []): self
    {
        $flags = JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE | JSON_THROW_ON_ERROR;

        return new self($status, json_encode($value, $flags), ['Content-Type' => 'application/json'] + $headers);
    }

    /** @param array<string, string> $headers */
    public function with(array $headers): self
    {
        $other = clone $this;
        $other->headers = $headers + $this->headers;

        return $other;
    }

    public function status(): int
    {
        return $this->status;
    }

    public function body(): string
    {
        return $this->body;
    }

    /** @return array<string, string> */
    public function headers(): array
    {
        return $this->headers + ['Cache-Control' => 'no-store', 'X-Content-Type-Options' => 'nosniff'];
    }

    /** Gives it to the web server. */
    public function send(): void
    {
        http_response_code($this->status);
        header_remove('X-Powered-By');
        foreach ($this->headers() as $name => $value) {
            header("$name: $value");
        }
        echo $this->body;
    }
}
