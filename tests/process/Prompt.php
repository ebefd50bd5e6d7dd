<?php

declare(strict_types=1);

namespace Mj\Tests\Process;

/** Reads a prompt as it was sent. */
final class Prompt
{
    /** The seed that a prompt carries: what tells two tasks with the same words apart. */
    public static function seed(string $prompt): ?int
    {
        return preg_match('/--seed (\d+)/', $prompt, $match) === 1 ? (int) $match[1] : null;
    }
}
