<?php

declare(strict_types=1);

namespace Mj\Tests\Chaos;

/** Keeps a site busy: submits what is wanted, asks again where an answer was lost, polls what is open. */
final class Load
{
    /** Each of the first wishes is an imagine; of these every such one is upscaled. */
    private const UPSCALE_EVERY = 5;

    /** Every such upscale is zoomed: those of the first of twenty accounts, whose session alone sees forms. */
    private const ZOOM_EVERY = 20;

    /** Seconds between two looks at all that is open. */
    private const LOOK_EVERY = 0.2;

    private float $lookedAt = 0.0;

    /** @var array<int, array<string, mixed>> see {@see Wishes} */
    public array $wanted = [];

    /** @var array<int, string> ids of what was submitted */
    public array $ids = [];

    /** @var array<int, array<string, mixed>|null> what PHP was told last of tasks that have ended or are not known */
    public array $ended = [];

    /** @var array<string, int> exceptions that calls ended with, and how often */
    public array $thrown = [];

    /** How many answers died with their process. */
    public int $lostAnswers = 0;

    /**
     * @param array<string, mixed> $config   for `mj_configure()`
     * @param list<string>         $accounts names
     * @param int                  $count    how many imagines; presses come on top
     * @param int                  $batch    how many are submitted at once
     * @param int                  $most     how many are open at most
     */
    public function __construct(
        private Site $site,
        private array $config,
        array $accounts,
        private int $count,
        private int $batch = 8,
        private int $most = 150,
        private bool $forms = false,
    ) {
        for ($number = 0; $number < $count; ++$number) {
            $this->wanted[$number] = Wishes::imagine($number, $accounts);
        }
    }

    /** How many wishes, presses included, make `$tasks` tasks in all. */
    public static function imaginesFor(int $tasks, bool $forms = false): int
    {
        return max(1, (int) round($tasks / (1 + 1 / self::UPSCALE_EVERY + ($forms ? 1 / self::ZOOM_EVERY : 0))));
    }

    /** Submits some and looks at what is open. Tells whether there was something to submit. */
    public function round(float $timeout = 6.0): bool
    {
        $room = max(0, $this->most - count($this->open()));
        $batch = array_slice(array_diff_key($this->wanted, $this->ids), 0, min($this->batch, $room), true);
        $answers = $this->ask(array_map(static fn (array $wish) => $wish['call'](['idempotency_key' => $wish['key']]), $batch), $timeout);
        $this->ids += array_filter($answers, 'is_string');
        if (microtime(true) > $this->lookedAt + self::LOOK_EVERY) {
            $this->look($timeout);
            $this->lookedAt = microtime(true);
        }

        return $batch !== [];
    }

    /** @return array<int, string> ids of tasks that have not ended, as far as is known */
    public function open(): array
    {
        return array_diff_key($this->ids, $this->ended);
    }

    /** How much of all has ended: 0 to 1. */
    public function share(): float
    {
        return count($this->ended) / count($this->wanted);
    }

    public function isDone(): bool
    {
        return count($this->ended) === count($this->wanted);
    }

    /** Asks once more for all tasks: a late picture may have come since. */
    public function lookAgain(): void
    {
        $this->ended = [];
        $this->look(30.0);
    }

    /**
     * Calls functions in the site; null where the answer was lost or was an exception.
     *
     * @param  array<int, list<mixed>> $calls
     * @return array<int, mixed>
     */
    public function ask(array $calls, float $timeout = 6.0): array
    {
        $answers = $this->site->calls(array_map(fn (array $call) => ['configured', $this->config, 'tried', ...$call], $calls), $timeout);

        return array_map(function (mixed $answer): mixed {
            if (!is_array($answer)) {
                ++$this->lostAnswers;

                return null;
            }
            if (isset($answer['exception'])) {
                $says = "{$answer['exception']}: " . preg_replace('/\d+/', 'N', $answer['message']);
                $this->thrown[$says] = ($this->thrown[$says] ?? 0) + 1;

                return null;
            }

            return $answer['result'];
        }, $answers);
    }

    private function look(float $timeout): void
    {
        $chunks = array_chunk($this->open(), 100, true);
        $answers = $this->ask(array_map(static fn (array $ids) => ['mj_poll_many', array_values($ids)], $chunks), $timeout);
        foreach ($chunks as $at => $ids) {
            foreach (is_array($answers[$at]) ? $ids : [] as $number => $id) {
                $task = $answers[$at][$id] ?? null;
                if ($task === null || in_array($task['status'], ['SUCCESS', 'FAILURE', 'CANCEL'], true)) {
                    $this->ended[$number] = $task;
                    $this->goOn($number, $task);
                }
            }
        }
    }

    /** @param array<string, mixed>|null $task one that has ended */
    private function goOn(int $number, ?array $task): void
    {
        if (($task['status'] ?? '') !== 'SUCCESS') {
            return;
        }
        $next = $number + $this->count;
        if ($number < $this->count && $number % self::UPSCALE_EVERY === 0) {
            $this->wanted[$next] ??= Wishes::upscale($next, $task, 1 + $number % 4);
        } elseif ($this->forms && $number >= $this->count && $number < 2 * $this->count && ($number - $this->count) % self::ZOOM_EVERY === 0) {
            $this->wanted[$next] ??= Wishes::customZoom($next, $task);
        }
    }
}
