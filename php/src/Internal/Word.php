<?php

declare(strict_types=1);

namespace Mj\Internal;

/**
 * One word out of a fixed set, as an enum would have it: the words are the class's constants, there is one object for
 * each, and so `===` compares them. A word that this version does not know is kept as it came.
 *
 * @internal
 *
 * @property-read string $value the word itself
 */
abstract class Word implements \JsonSerializable, \Stringable
{
    /** @var array<class-string, array<string, self>> */
    private static array $words = [];

    final private function __construct(private string $word) {}

    /** The object for a word. */
    final public static function of(string $value): static
    {
        $word = self::$words[static::class][$value] ??= new static($value);
        assert($word instanceof static);

        return $word;
    }

    /** @return list<static> all that this version knows */
    final public static function cases(): array
    {
        $words = array_filter((new \ReflectionClass(static::class))->getConstants(), 'is_string');

        return array_map(static fn(string $value): static => static::of($value), array_values($words));
    }

    /** Whether it is one of these. */
    final public function is(self|string ...$values): bool
    {
        foreach ($values as $value) {
            if ((string) $value === $this->word) {
                return true;
            }
        }

        return false;
    }

    final public function __toString(): string
    {
        return $this->word;
    }

    final public function jsonSerialize(): string
    {
        return $this->word;
    }

    final public function __get(string $name): string
    {
        return $name === 'value' ? $this->word : throw new \Error('Undefined property: ' . static::class . "::\$$name");
    }

    final public function __isset(string $name): bool
    {
        return $name === 'value';
    }

    final public function __set(string $name, mixed $value): void
    {
        throw new \Error('Cannot modify readonly property ' . static::class . "::\$$name");
    }

    /** @throws \Error always: there is one object for each word */
    final public function __clone(): void
    {
        throw new \Error('Trying to clone an uncloneable object of class ' . static::class);
    }

    /**
     * @return array{}
     *
     * @throws \Error always: its string can be serialized
     */
    final public function __serialize(): array
    {
        throw new \Error(static::class . ' cannot be serialized; its value can');
    }
}
