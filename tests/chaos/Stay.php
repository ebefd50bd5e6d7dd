<?php

declare(strict_types=1);

namespace Mj\Tests\Chaos;

use Mj\Tests\Process\Fpm;
use Mj\Tests\Process\Lost;
use Mj\Tests\Process\Simulator;
use Mj\Tests\Process\Until;
use PHPUnit\Framework\Assert;

/** A few tasks that outlast a trouble, by what PHP is told in its course. */
final class Stay
{
    /** How long a call may take: the store waits for 5 s, a slow machine for some more. */
    private const PATIENCE = 12.0;

    /** @var array<int, string> ids by numbers */
    private array $ids = [];

    private int $number = 0;

    /** How many tasks ended well and are gone by intent since. */
    private int $forgotten = 0;

    private float $began;

    /** @var array<string, int> what came of the tasks so far */
    private array $figures = ['tasks' => 0, 'pictures' => 0, 'unconfirmed' => 0, 'lost' => 0, 'doubled' => 0, 'swapped' => 0, 'kills' => 0];

    public function __construct(private Fpm $fpm, private Simulator $simulator)
    {
        $this->began = microtime(true);
    }

    /** Writes the scenario's line, with the tasks of the last {@see assertAllEndOnce()} and of those that were forgotten. */
    public function tell(string $scenario): void
    {
        $record = $this->simulator->record();
        Summary::add($scenario, $this->figures + ['identifies' => $record['identifies'], 'resumes' => $record['resumes'], 'seconds' => (int) round(microtime(true) - $this->began)]);
    }

    /** Submits tasks, which must be taken; a call whose worker died is repeated. */
    public function submit(int $count): void
    {
        for (; $count > 0; --$count) {
            $number = ++$this->number;
            $says = null;
            Until::true(function () use ($number, &$says): bool {
                $says = $this->ask($number);
                if (is_string($says)) {
                    $this->ids[$number] = $says;
                }

                return is_string($says);
            }, 60.0, static fn () => 'not taken: ' . json_encode($says));
        }
    }

    /**
     * Counts tasks in that were submitted otherwise.
     *
     * @param array<array-key, string> $ids
     */
    public function adopt(array $ids): void
    {
        foreach ($ids as $id) {
            $this->ids[++$this->number] = $id;
        }
    }

    /** Submits one that need not be taken; tells what came of it. */
    public function tryToSubmit(): mixed
    {
        $number = ++$this->number;
        $says = $this->ask($number);
        if (is_string($says)) {
            $this->ids[$number] = $says;
        }

        return $says;
    }

    /** Submits until it is refused with this exception; gives its message. What is taken before counts as the others. */
    public function untilRefused(string $class): string
    {
        $says = null;
        Until::true(function () use ($class, &$says): bool {
            $says = $this->tryToSubmit();

            return is_array($says) && $says['exception'] === $class;
        }, 60.0, static fn () => 'not refused: ' . json_encode($says));

        return $says['message'];
    }

    /** Waits until one of the tasks has a status. */
    public function untilStatus(string $status): void
    {
        Until::true(fn () => in_array($status, array_column($this->poll() ?? [], 'status'), true), 30.0, fn () => json_encode($this->poll()));
    }

    /** @return array<string, array<string, mixed>|null>|null the tasks by their ids; null when the answer was an exception */
    public function poll(): ?array
    {
        return $this->call('mj_poll_many', array_values($this->ids))['result'] ?? null;
    }

    /** The tasks so far are gone for good. */
    public function forget(): void
    {
        $this->forgotten += count($this->ids);
        $this->ids = [];
    }

    /**
     * Every task that was taken ends with its own picture, made once.
     *
     * @param int $before  jobs of tasks that are forgotten
     * @param int $unknown jobs that belong to nobody
     */
    public function assertAllEndOnce(float $seconds, int $before = 0, int $unknown = 0): void
    {
        $tasks = null;
        Until::true(function () use (&$tasks): bool {
            $tasks = $this->poll() ?? $tasks;

            return $tasks !== null && array_diff(array_map(static fn (?array $task) => $task['status'] ?? null, $tasks), ['SUCCESS', 'FAILURE']) === [];
        }, $seconds, fn () => 'not all ended: ' . json_encode([$tasks, $this->call('mj_status')]));
        $wanted = array_map(static fn (int $number) => ['key' => "stay-$number", 'identity' => null], array_combine(array_keys($this->ids), array_keys($this->ids)));
        $jobs = array_slice($this->simulator->jobs(), $before);
        $verdict = Judge::verdict($wanted, $this->ids, array_map(static fn (string $id) => $tasks[$id], $this->ids), $jobs);
        Assert::assertCount($unknown, array_splice($verdict->lost, 0, $unknown));
        Assert::assertSame([], $verdict->faults());
        Assert::assertSame(0, $verdict->unconfirmed);
        $this->figures['tasks'] = $this->forgotten + $verdict->tasks;
        $this->figures['pictures'] = $this->forgotten + $verdict->pictures;
    }

    private function ask(int $number): mixed
    {
        $says = $this->call('mj_imagine', "picture $number", ['idempotency_key' => "stay-$number"]);

        return $says['result'] ?? $says;
    }

    /** @return array<string, mixed>|null what `tried` answers; null when the worker died */
    private function call(string $function, mixed ...$arguments): ?array
    {
        $began = microtime(true);
        $says = $this->fpm->calls([['tried', $function, ...$arguments]], self::PATIENCE + 10)[0];
        Assert::assertLessThan(self::PATIENCE, microtime(true) - $began, "$function hangs");

        return $says instanceof Lost ? null : $says;
    }
}
