<?php

declare(strict_types=1);

namespace Mj\Console;

/**
 * Hears Ctrl-C and SIGTERM while a command waits, so that it can say what becomes of the task. A second one ends the
 * process at once. Where PHP has no pcntl, the first does; ids are printed before anything is waited for.
 */
final class Interruption
{
    private ?int $signal = null;

    /** @var array<int, int|callable> what was there before */
    private array $before = [];

    private bool $wasAsync = false;

    private function __construct() {}

    /**
     * Begins to hear.
     *
     * @param (callable(): mixed)|null $resize called when the terminal gets another size
     */
    public static function heard(?callable $resize = null): self
    {
        $heard = new self();
        if (!function_exists('pcntl_async_signals') || !function_exists('pcntl_signal') || !function_exists('pcntl_signal_get_handler')) {
            return $heard;
        }
        $heard->wasAsync = pcntl_async_signals(true);
        $handlers = [SIGINT => [$heard, 'hear'], SIGTERM => [$heard, 'hear']];
        if ($resize !== null) {
            $handlers[SIGWINCH] = static fn(int $signal): mixed => $resize();
        }
        foreach ($handlers as $signal => $hear) {
            $handler = pcntl_signal_get_handler($signal);
            $heard->before[$signal] = is_callable($handler) || is_int($handler) ? $handler : SIG_DFL;
            pcntl_signal($signal, $hear);
        }

        return $heard;
    }

    /** What PHP calls when one comes. */
    public function hear(int $signal): void
    {
        $this->signal = $signal;
        pcntl_signal($signal, SIG_DFL);
    }

    /** Whether one came. */
    public function came(): bool
    {
        return $this->signal !== null;
    }

    /** What a process ends with that it interrupted. */
    public function exitCode(): int
    {
        return ExitCode::SIGNAL + ($this->signal ?? 2);
    }

    /** Hears no more. */
    public function end(): void
    {
        foreach ($this->before as $signal => $handler) {
            pcntl_signal($signal, $handler);
        }
        if ($this->before !== []) {
            pcntl_async_signals($this->wasAsync);
        }
        $this->before = [];
    }
}
