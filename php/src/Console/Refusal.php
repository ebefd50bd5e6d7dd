<?php

declare(strict_types=1);

namespace Mj\Console;

/** What the command line refuses by itself, with the exit code that it ends with. The message is for the one who typed it. */
final class Refusal extends \RuntimeException
{
    public static function usage(string $message): self
    {
        return new self($message, ExitCode::USAGE);
    }

    public static function unconfigured(string $message): self
    {
        return new self($message, ExitCode::UNCONFIGURED);
    }

    public static function failed(string $message): self
    {
        return new self($message, ExitCode::FAILED);
    }
}
