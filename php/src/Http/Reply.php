<?php

declare(strict_types=1);

namespace Mj\Http;

/** What a submission is answered with: midjourney-proxy's codes, and its four fields. */
final class Reply
{
    public const SUCCESS = 1;
    public const NOT_FOUND = 3;
    public const VALIDATION_ERROR = 4;
    public const FAILURE = 9;
    /** The button opened a dialog, which waits for `/mj/submit/modal`. */
    public const EXISTED = 21;
    public const IN_QUEUE = 22;
    public const QUEUE_REJECTED = 23;
    public const BANNED_PROMPT = 24;

    private function __construct() {}

    /**
     * @param mixed                 $result     the task's id, for a submission
     * @param array<string, mixed>  $properties
     * @param array<string, string> $headers
     */
    public static function of(
        int $code,
        string $description,
        mixed $result = null,
        array $properties = [],
        int $httpStatus = 200,
        array $headers = [],
    ): Response {
        return Response::json([
            'code' => $code,
            'description' => $description,
            'result' => $result,
            'properties' => (object) $properties,
        ], $httpStatus, $headers);
    }
}
