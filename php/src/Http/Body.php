<?php

declare(strict_types=1);

namespace Mj\Http;

/** The JSON object of a request. A field that is missing or null is empty; one of the wrong type is refused. */
final class Body
{
    private const DEPTH = 16;
    /** A request has some dozens, or a thousand ids; as many as fit into its bytes would take gigabytes. */
    private const MOST_VALUES = 100_000;

    private function __construct(private \stdClass $fields, private string $place) {}

    /** @throws Refusal when it is no JSON object */
    public static function parse(string $json): self
    {
        $values = 0;
        foreach ([',', '[', '{'] as $begin) {
            $values += substr_count($json, $begin);
        }
        if ($values > self::MOST_VALUES) {
            throw Refusal::shape('the request has too many values');
        }
        try {
            $fields = json_decode($json, false, self::DEPTH, JSON_THROW_ON_ERROR);
        } catch (\JsonException $error) {
            if ($error->getCode() !== JSON_ERROR_INVALID_PROPERTY_NAME) {
                throw Refusal::shape('the request is not valid JSON');
            }
            // PHP's objects cannot have names that begin with U+0000. Those are none that we know.
            $fields = self::named(json_decode($json, true, self::DEPTH, JSON_THROW_ON_ERROR));
        }
        if (!$fields instanceof \stdClass) {
            throw Refusal::shape('the request must be a JSON object');
        }

        return new self($fields, '');
    }

    /** Its words, '' when there are none. */
    public function text(string $name): string
    {
        $value = $this->value($name);
        if ($value !== null && !is_string($value)) {
            throw $this->wrong($name, 'a string');
        }

        return $value ?? '';
    }

    /**
     * One of these words, null when there is none. Clients send empty ones, too.
     *
     * @template T of string
     *
     * @param list<T> $words
     *
     * @return T|null
     */
    public function word(string $name, array $words): ?string
    {
        return $this->text($name) === '' ? null : $this->oneOf($name, $this->text($name), $words);
    }

    /** Its words, or a whole number: Java, which midjourney-proxy is written in, reads one as words. */
    public function label(string $name): string
    {
        $value = self::whole($this->value($name));
        if (is_int($value) && abs($value) < 2 ** 53) {
            return (string) $value;
        }

        return $this->text($name);
    }

    /** @param list<string> $asWords numbers that may be strings, too */
    public function integer(string $name, array $asWords = []): ?int
    {
        $value = self::whole($this->value($name));
        if (in_array($value, $asWords, true)) {
            return (int) $value;
        }
        if ($value !== null && !is_int($value)) {
            throw $this->wrong($name, 'an integer');
        }

        return $value;
    }

    public function number(string $name): ?float
    {
        $value = $this->value($name);
        if ($value !== null && !is_int($value) && !is_float($value)) {
            throw $this->wrong($name, 'a number');
        }

        return $value === null ? null : (float) $value;
    }

    public function boolean(string $name): bool
    {
        $value = $this->value($name);
        if ($value !== null && !is_bool($value)) {
            throw $this->wrong($name, 'true or false');
        }

        return $value ?? false;
    }

    /** @return list<string> */
    public function texts(string $name): array
    {
        $value = $this->value($name) ?? [];
        if (!is_array($value)) {
            throw $this->wrong($name, 'a list of strings');
        }
        $texts = [];
        foreach ($value as $one) {
            $texts[] = is_string($one) ? $one : throw $this->wrong($name, 'a list of strings');
        }

        return $texts;
    }

    /**
     * @template T of string
     *
     * @param list<T> $words
     *
     * @return list<T>
     */
    public function words(string $name, array $words): array
    {
        return array_map(fn(string $one): string => $this->oneOf($name, $one, $words), $this->texts($name));
    }

    public function object(string $name): self
    {
        $value = $this->value($name) ?? new \stdClass();
        if (!$value instanceof \stdClass) {
            throw $this->wrong($name, 'an object');
        }

        return new self($value, "$this->place$name.");
    }

    /** The same as objects, without the names that they cannot have. */
    private static function named(mixed $value): mixed
    {
        if (!is_array($value)) {
            return $value;
        }
        $named = array_map([self::class, 'named'], $value);
        if ($named === array_values($named)) {
            return $named;
        }

        return (object) array_filter($named, static fn(int|string $name): bool => !str_starts_with((string) $name, "\0"), ARRAY_FILTER_USE_KEY);
    }

    /** The same, or the integer that a number like 2.0 is, or like 1e30 nearly: it is too great for everything. */
    private static function whole(mixed $value): mixed
    {
        return is_float($value) && floor($value) === $value ? (int) max(-2.0 ** 53, min(2.0 ** 53, $value)) : $value;
    }

    private function value(string $name): mixed
    {
        return $this->fields->{$name} ?? null;
    }

    /**
     * @template T of string
     *
     * @param list<T> $words
     *
     * @return T
     */
    private function oneOf(string $name, string $value, array $words): string
    {
        foreach ($words as $word) {
            if ($word === $value) {
                return $word;
            }
        }
        throw $this->wrong($name, 'one of ' . implode(', ', $words));
    }

    private function wrong(string $name, string $what): Refusal
    {
        return Refusal::shape("$this->place$name must be $what");
    }
}
