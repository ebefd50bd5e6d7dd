<?php

declare(strict_types=1);

namespace Mj\Testing\Internal;

/**
 * An argument of a function of the extension, or an element of one, and what the extension says where it cannot be used.
 *
 * @internal
 */
final class Argument
{
    public function __construct(
        private string $function,
        private int $position,
        private string $parameter,
        private ?string $element = null,
    ) {}

    /** The element of that name. */
    public function at(string $element): self
    {
        return new self($this->function, $this->position, $this->parameter, $element);
    }

    /**
     * @param string $complaint `must …`, or what is the case
     *
     * @return never
     *
     * @throws \ValueError always
     */
    public function refuse(string $complaint): void
    {
        throw new \ValueError($this->__toString() . (str_starts_with($complaint, 'must ') ? ' ' : ': ') . $complaint);
    }

    /**
     * @return never
     *
     * @throws \TypeError always
     */
    public function refuseType(string $expected, mixed $given): void
    {
        throw new \TypeError("$this must be of type $expected, " . get_debug_type($given) . ' given');
    }

    /** A text that is not empty. */
    public function text(mixed $value): string
    {
        if (!is_string($value)) {
            $this->refuseType('string', $value);
        }
        if (preg_match('//u', $value) !== 1) {
            $this->refuse('is not valid UTF-8');
        }
        if (trim($value) === '') {
            $this->refuse('is empty');
        }

        return $value;
    }

    /** A text of at most `$most` bytes, or a whole number as one. */
    public function bounded(mixed $value, int $most): string
    {
        if (is_int($value)) {
            return (string) $value;
        }
        $text = $value === '' ? '' : (is_string($value) && trim($value) === '' ? $value : $this->text($value));
        if (strlen($text) > $most) {
            $this->refuse('has ' . strlen($text) . " bytes, at most $most are kept");
        }

        return $text;
    }

    /**
     * One of several words, in whatever case.
     *
     * @param array<string> $words
     */
    public function oneOf(mixed $value, array $words, string $complaint): string
    {
        $word = strtolower($this->text($value));
        if (!in_array($word, $words, true)) {
            $this->refuse($complaint);
        }

        return $word;
    }

    public function truth(mixed $value): bool
    {
        if (!is_bool($value)) {
            $this->refuseType('bool', $value);
        }

        return $value;
    }

    /** A whole number. */
    public function number(mixed $value, int $least, int $most): int
    {
        if (!is_int($value)) {
            $this->refuseType('int', $value);
        }
        if ($value < $least || $value > $most) {
            $this->refuse("must be from $least to $most");
        }

        return $value;
    }

    /** A time in seconds. */
    public function seconds(mixed $value, int $least, int $most): float
    {
        if (!is_int($value) && !is_float($value)) {
            $this->refuseType('int|float', $value);
        }
        if (!($value >= $least && $value <= $most)) {
            $this->refuse("must be $least to $most seconds");
        }

        return (float) $value;
    }

    public function __toString(): string
    {
        $argument = "mj_$this->function(): Argument #$this->position (\$$this->parameter)";

        return $this->element === null ? $argument : "$argument element \"$this->element\"";
    }
}
