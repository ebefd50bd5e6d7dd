<?php

declare(strict_types=1);

namespace Mj\Tests\Chaos;

/** What is done to processes, at moments that the seed of `mt_rand` decides. */
final class Strikes
{
    /** @var array<string, int> how often each was done */
    public array $counts = [];

    private float $next;

    /** @var list<array{float, callable(): void}> what is still to be done, with its time */
    private array $later = [];

    /**
     * @param array<string, callable(self): bool> $kinds what can be done; each tells whether it was
     * @param float                               $least seconds between two
     * @param float                               $most  seconds between two
     */
    public function __construct(private array $kinds, private float $least = 0.3, private float $most = 3.5)
    {
        $this->next = microtime(true) + 1.0;
    }

    /** Does what is due: what was begun before, and one more strike when it is time and `$more` allows. */
    public function pass(bool $more): void
    {
        $now = microtime(true);
        foreach ($this->later as $place => [$at, $do]) {
            if ($at <= $now) {
                unset($this->later[$place]);
                $do();
            }
        }
        if (!$more || $now < $this->next) {
            return;
        }
        $names = array_keys($this->kinds);
        $name = $names[mt_rand(0, count($names) - 1)];
        if (($this->kinds[$name])($this)) {
            $this->counts[$name] = ($this->counts[$name] ?? 0) + 1;
            $this->next = microtime(true) + mt_rand((int) ($this->least * 1000), (int) ($this->most * 1000)) / 1000;
        }
    }

    /** Does something after some seconds, or at the end. */
    public function later(float $seconds, callable $do): void
    {
        $this->later[] = [microtime(true) + $seconds, $do];
    }

    /** Ends everything that was begun: stopped processes go on, locks are released. */
    public function settle(): void
    {
        foreach (array_splice($this->later, 0) as [, $do]) {
            $do();
        }
    }

    /** How many of them ended processes that did not expect it. */
    public function kills(): int
    {
        return array_sum(array_filter($this->counts, static fn (string $kind) => preg_match('/kill|terminat/', $kind) === 1, ARRAY_FILTER_USE_KEY));
    }

    public function total(): int
    {
        return array_sum($this->counts);
    }
}
