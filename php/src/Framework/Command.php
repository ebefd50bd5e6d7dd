<?php

declare(strict_types=1);

namespace Mj\Framework;

use Mj\MjException;

/**
 * A console command, without a console: every framework has it under the same name, with the same parameters, exit codes
 * and words.
 */
abstract class Command
{
    /** @var string what it is called in every console */
    public const NAME = '';

    /** @var string */
    public const DESCRIPTION = '';

    final private function __construct(protected Application $application) {}

    /** @return list<Parameter> */
    abstract public static function parameters(): array;

    /**
     * Does it.
     *
     * @param \Closure(): Application $application
     * @param array<array-key, mixed> $given values of all parameters by name, as the console has them
     * @param callable(string): mixed $say   writes a line, as it is
     *
     * @return int exit code: 0 when all went well
     */
    final public static function run(\Closure $application, array $given, callable $say): int
    {
        try {
            return (new static($application()))->work($given, $say);
        } catch (MjException|\ValueError $thrown) {
            $say($thrown->getMessage());

            return 1;
        }
    }

    /**
     * @param array<array-key, mixed> $given
     * @param callable(string): mixed $say
     *
     * @return int exit code
     */
    abstract protected function work(array $given, callable $say): int;

    /** @param array<array-key, mixed> $given */
    final protected static function text(array $given, string $name): string
    {
        $value = $given[$name] ?? '';

        return is_scalar($value) ? (string) $value : throw new \ValueError("$name takes one value");
    }

    /**
     * A number of seconds, 0 or more.
     *
     * @param array<array-key, mixed> $given
     *
     * @throws \ValueError when it is something else
     */
    final protected static function seconds(array $given, string $name): float
    {
        $text = self::text($given, $name);
        $seconds = is_numeric($text) ? (float) $text : -1.0;

        return $seconds >= 0.0 && is_finite($seconds)
            ? $seconds
            : throw new \ValueError("--$name must be a number of seconds, 0 or more");
    }
}
