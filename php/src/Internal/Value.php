<?php

declare(strict_types=1);

namespace Mj\Internal;

/**
 * What the extension gave as an array, as an object that never changes. `final_prompt` of the array is read as
 * `$object->finalPrompt`.
 *
 * @internal
 */
abstract class Value implements \JsonSerializable
{
    /** @var array<string, string> key of the array by name of the property */
    private static array $keys = [];

    /** @return array<string, mixed> as the extension gave it */
    abstract public function toArray(): array;

    /** @return array<string, mixed> */
    final public function jsonSerialize(): array
    {
        return $this->toArray();
    }

    final public function __get(string $name): mixed
    {
        $typed = $this->typed($name);
        if ($typed !== null) {
            return $typed;
        }
        $record = $this->toArray();
        $key = self::key($name);

        return array_key_exists($key, $record)
            ? $record[$key]
            : throw new \Error('Undefined property: ' . static::class . "::\$$name");
    }

    final public function __isset(string $name): bool
    {
        return $this->typed($name) !== null || isset($this->toArray()[self::key($name)]);
    }

    final public function __set(string $name, mixed $value): void
    {
        throw new \Error('Cannot modify readonly property ' . static::class . "::\$$name");
    }

    final public function __unset(string $name): void
    {
        throw new \Error('Cannot unset readonly property ' . static::class . "::\$$name");
    }

    /** The properties that are more than what the array has: null for all others. */
    protected function typed(string $name): mixed
    {
        return null;
    }

    /** A time of the extension's, in milliseconds since the epoch. */
    final protected static function time(?int $milliseconds): ?\DateTimeImmutable
    {
        if ($milliseconds === null) {
            return null;
        }
        $text = sprintf('%d.%03d', intdiv($milliseconds, 1000), $milliseconds % 1000);
        $time = \DateTimeImmutable::createFromFormat('U.v', $text);

        return $time === false ? null : $time;
    }

    private static function key(string $name): string
    {
        return self::$keys[$name] ??= strtolower((string) preg_replace('/(?<!^)[A-Z]/', '_$0', $name));
    }
}
