<?php

declare(strict_types=1);

namespace Mj\Http;

/** A request that is not done. Its message is told to the caller. */
final class Refusal extends \RuntimeException
{
    /**
     * @param int                   $httpStatus what HTTP says
     * @param int                   $reply      one of {@see Reply}'s codes
     * @param array<string, mixed>  $properties what the answer has beside the message
     * @param array<string, string> $headers
     */
    public function __construct(
        private int $httpStatus,
        private int $reply,
        string $message,
        private array $properties = [],
        private array $headers = [],
    ) {
        parent::__construct($message);
    }

    /** The request has the wrong shape: no JSON, a field of the wrong type, an unknown word. */
    public static function shape(string $message): self
    {
        return new self(400, Reply::VALIDATION_ERROR, $message);
    }

    /** The request has the right shape and makes no sense. midjourney-proxy says so with a 200. */
    public static function sense(string $message): self
    {
        return new self(200, Reply::VALIDATION_ERROR, $message);
    }

    public function httpStatus(): int
    {
        return $this->httpStatus;
    }

    public function reply(): int
    {
        return $this->reply;
    }

    /** @return array<string, mixed> */
    public function properties(): array
    {
        return $this->properties;
    }

    /** @return array<string, string> */
    public function headers(): array
    {
        return $this->headers;
    }
}
