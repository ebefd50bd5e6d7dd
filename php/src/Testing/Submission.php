<?php

declare(strict_types=1);

namespace Mj\Testing;

/** What the code under test asked the fake for. */
final class Submission
{
    /**
     * @param 'imagine'|'describe'|'blend'|'shorten'|'show'|'command'|'action' $call
     * @param string               $subject   prompt, picture, job, command or button; empty for a blend
     * @param list<string>         $arguments pictures of a blend, arguments of a command
     * @param array<string, mixed> $options
     */
    public function __construct(
        private string $call,
        private string $subject,
        private array $arguments = [],
        private array $options = [],
        private ?string $parentId = null,
    ) {}

    /** @return 'imagine'|'describe'|'blend'|'shorten'|'show'|'command'|'action' the method that was called */
    public function call(): string
    {
        return $this->call;
    }

    /** Prompt, picture, job, command or button, as it was given; empty for a blend. */
    public function subject(): string
    {
        return $this->subject;
    }

    /** @return list<string> pictures of a blend, arguments of a command */
    public function arguments(): array
    {
        return $this->arguments;
    }

    /** @return array<string, mixed> */
    public function options(): array
    {
        return $this->options;
    }

    /** The task whose button was pressed. */
    public function parentId(): ?string
    {
        return $this->parentId;
    }
}
