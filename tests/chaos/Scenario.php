<?php

declare(strict_types=1);

namespace Mj\Tests\Chaos;

use Mj\Tests\Process\Simulator;
use PHPUnit\Framework\Assert;

/** One run: a load on a site, strikes on its processes, and in the end the verdict. */
final class Scenario
{
    /** What is in doubt needs an owner that lives for some seconds, so the strikes stop before the end. */
    private const STRIKE_UNTIL = 0.9;

    /** For the same reason they rest when nothing has ended for so many seconds, until something has. */
    private const REST_AFTER = 12.0;

    /** Exceptions that a call may end with while somebody holds the store up. */
    private const MAY_BE_THROWN = ['Mj\\StorageException: the store is busy'];

    private int $seed;

    private float $began;

    private float $told = 0.0;

    /** @var array{int, float} how many tasks had ended, and since when */
    private array $moved;

    public function __construct(private string $name, private Site $site, private Simulator $simulator, private Load $load, private Strikes $strikes, ?int $seed = null)
    {
        $this->seed = $seed ?? self::seed();
        $this->began = microtime(true);
        $this->moved = [0, $this->began];
    }

    /** The seed of all schedules: SEED of `make chaos`. */
    public static function seed(): int
    {
        return (int) (getenv('MJ_CHAOS_SEED') ?: 1);
    }

    /** A scenario's share of the tasks of `make chaos`, which are 10,000 in all unless TASKS says otherwise. */
    public static function tasks(float $share): int
    {
        return max(20, (int) round((int) (getenv('MJ_CHAOS_TASKS') ?: 10_000) * $share));
    }

    /** Runs to the end of all tasks and holds what PHP was told to what the simulator did. */
    public function run(float $seconds): Verdict
    {
        $until = $this->began + $seconds;
        do {
            $busy = $this->load->round();
            $this->strikes->pass($this->load->share() < self::STRIKE_UNTIL && $this->isMovingOn());
            $this->tellProgress();
            if (!$busy) {
                usleep(50_000);
            }
        } while (!$this->load->isDone() && microtime(true) < $until);
        $this->strikes->settle();
        $state = $this->load->isDone() ? null : $this->unfinished();
        $this->load->lookAgain();
        $verdict = Judge::verdict($this->load->wanted, $this->load->ids, $this->load->ended + array_fill_keys(array_keys($this->load->open()), null), $this->simulator->jobs());
        $this->tell($verdict);
        Assert::assertSame([], $verdict->faults(), "SEED={$this->seed}: $state");
        $strange = array_filter(array_keys($this->load->thrown), static fn (string $says) => array_filter(self::MAY_BE_THROWN, static fn (string $one) => str_starts_with($says, $one)) === []);
        Assert::assertSame([], array_values($strange), "SEED={$this->seed}: exceptions that nothing explains");

        return $verdict;
    }

    private function isMovingOn(): bool
    {
        [$ended, $since] = $this->moved;
        if (count($this->load->ended) > $ended) {
            $this->moved = [count($this->load->ended), microtime(true)];
        }

        return microtime(true) < $since + self::REST_AFTER;
    }

    /** How far it is, every ten seconds, where somebody looks. */
    private function tellProgress(): void
    {
        if (getenv('MJ_CHAOS_PROGRESS') && microtime(true) > $this->told + 10) {
            $this->told = microtime(true);
            fprintf(
                STDERR,
                "%s %3.0f s: %d ended, %d open of %d; %s; %s\n",
                $this->name,
                $this->told - $this->began,
                count($this->load->ended),
                count($this->load->open()),
                count($this->load->wanted),
                json_encode($this->strikes->counts),
                json_encode($this->load->thrown),
            );
        }
    }

    private function unfinished(): string
    {
        $open = array_slice(array_values($this->load->open()), 0, 5);

        return json_encode([
            $this->load->ask([['mj_poll_many', $open], ['mj_status']]),
            array_diff_key($this->simulator->record(), ['interactions' => 0, 'connections' => 0]),
        ]);
    }

    private function tell(Verdict $verdict): void
    {
        $record = $this->simulator->record();
        $strikes = $this->strikes->counts;
        ksort($strikes);
        Summary::add($this->name, [
            'tasks' => $verdict->tasks,
            'pictures' => $verdict->pictures,
            'unconfirmed' => $verdict->unconfirmed,
            'lost' => count($verdict->lost),
            'doubled' => count($verdict->doubled),
            'swapped' => count($verdict->swapped),
            'strikes' => $this->strikes->total(),
            'kills' => $this->strikes->kills(),
            'identifies' => $record['identifies'],
            'resumes' => $record['resumes'],
            'seconds' => (int) round(microtime(true) - $this->began),
        ], implode(', ', array_map(static fn (string $kind, int $times) => "$times $kind", array_keys($strikes), $strikes))
            . "; {$this->load->lostAnswers} answers lost, " . array_sum($this->load->thrown) . " refused; SEED={$this->seed}");
    }
}
