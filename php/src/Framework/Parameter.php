<?php

declare(strict_types=1);

namespace Mj\Framework;

/** An argument or option of a command, as each framework's console is told of it. */
final class Parameter
{
    /** @param string|false|null $default null: must be given; false: a switch, which takes no value */
    private function __construct(private string $name, private string $help, private bool $isArgument, private string|false|null $default) {}

    /** An argument that must be given. */
    public static function argument(string $name, string $help): self
    {
        return new self($name, $help, true, null);
    }

    /** `--name=value` */
    public static function option(string $name, string $help, string $default): self
    {
        return new self($name, $help, false, $default);
    }

    /** `--name` */
    public static function flag(string $name, string $help): self
    {
        return new self($name, $help, false, false);
    }

    public function name(): string
    {
        return $this->name;
    }

    public function help(): string
    {
        return $this->help;
    }

    public function isArgument(): bool
    {
        return $this->isArgument;
    }

    public function isFlag(): bool
    {
        return $this->default === false;
    }

    /** Of an option; false for a flag, null for an argument. */
    public function default(): string|false|null
    {
        return $this->default;
    }
}
