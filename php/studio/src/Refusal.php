<?php

declare(strict_types=1);

namespace Mj\Studio;

/** A request that is not granted. The code is for the page, which has words for it; the message is for all else. */
final class Refusal extends \RuntimeException
{
    public function __construct(public int $status, public string $reason, string $message, public int $retryAfter = 0)
    {
        parent::__construct($message);
    }

    public function response(): Response
    {
        $response = Response::json(['error' => $this->reason, 'message' => $this->getMessage()], $this->status);
        if ($this->retryAfter > 0) {
            $response->headers['Retry-After'] = (string) $this->retryAfter;
        }

        return $response;
    }
}
