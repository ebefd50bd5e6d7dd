<?php

declare(strict_types=1);

namespace Mj\Framework;

/** SIGTERM and SIGINT, kept until a command has done what it is at. Without pcntl they end the process at once, as ever. */
final class Signals
{
    private bool $isAsked = false;

    private bool $wereAsync = false;

    /** @var array<int, callable|int> what was there before, by signal */
    private array $before = [];

    public function __construct()
    {
        if (!function_exists('pcntl_async_signals')) {
            return;
        }
        $this->wereAsync = pcntl_async_signals(true);
        foreach ([SIGTERM, SIGINT] as $signal) {
            $before = pcntl_signal_get_handler($signal);
            $this->before[$signal] = is_int($before) || is_callable($before) ? $before : SIG_DFL;
            pcntl_signal($signal, function (): void {
                $this->isAsked = true;
            });
        }
    }

    public function askToStop(): bool
    {
        return $this->isAsked;
    }

    /** Puts back what was there before. */
    public function restore(): void
    {
        foreach ($this->before as $signal => $handler) {
            pcntl_signal($signal, $handler);
        }
        if ($this->before !== []) {
            pcntl_async_signals($this->wereAsync);
        }
        $this->before = [];
    }
}
