<?php

declare(strict_types=1);

namespace Mj\Tests\Chaos;

/** What happens to the processes of a {@see Site}, whatever it is. */
class ServerStrikes
{
    /** Seconds; a lease runs for 10. */
    private const SHORTER_THAN_THE_LEASE = [0.5, 5.0];
    private const LONGER_THAN_THE_LEASE = [12.0, 15.0];

    /** Whether somebody is stopped: one at a time, and nothing that would let him go on. */
    protected bool $isStopped = false;

    public function __construct(protected Site $site, protected Load $load, private string $stateDirectory)
    {
    }

    /** @return array<string, callable(Strikes): bool> for {@see Strikes} */
    public function all(): array
    {
        return [
            'owners killed' => fn () => ($pid = $this->owner()) !== null && Later::signal($pid, SIGKILL, mt_rand(0, 100)),
            'workers killed' => fn () => ($pid = $this->anyWorker()) !== null && Later::signal($pid, SIGKILL, mt_rand(0, 100)),
            'owners terminated' => fn () => ($pid = $this->owner()) !== null && Later::signal($pid, SIGTERM, mt_rand(0, 100)),
            'owners stopped shortly' => fn (Strikes $strikes) => $this->stop($strikes, $this->owner(), self::SHORTER_THAN_THE_LEASE),
            'owners stopped for long' => fn (Strikes $strikes) => $this->stop($strikes, $this->owner(), self::LONGER_THAN_THE_LEASE),
            'workers stopped' => fn (Strikes $strikes) => $this->stop($strikes, $this->anyWorker(), self::SHORTER_THAN_THE_LEASE),
            'writers held up' => fn (Strikes $strikes) => $this->holdWriters($strikes),
        ];
    }

    /** @param array{float, float} $seconds for at least and at most how long */
    private function stop(Strikes $strikes, ?int $pid, array $seconds): bool
    {
        if ($pid === null || $this->isStopped || !posix_kill($pid, SIGSTOP)) {
            return false;
        }
        $this->isStopped = true;
        $strikes->later(mt_rand((int) ($seconds[0] * 1000), (int) ($seconds[1] * 1000)) / 1000, function () use ($pid): void {
            posix_kill($pid, SIGCONT);
            $this->isStopped = false;
        });

        return true;
    }

    /** Holds every writer up for longer than any limit of a pool: workers are ended inside `mj_imagine()`. */
    private function holdWriters(Strikes $strikes): bool
    {
        $lock = @fopen("{$this->stateDirectory}/write.lock", 'r');
        if ($lock === false || !flock($lock, LOCK_EX | LOCK_NB)) {
            return false;
        }
        $strikes->later(3.5, static fn () => fclose($lock));

        return true;
    }

    protected function owner(): ?int
    {
        $status = $this->load->ask([['mj_status']], 2.0)[0];
        $pid = $status['owner']['pid'] ?? null;

        return in_array($pid, $this->site->workerPids(), true) ? $pid : null;
    }

    protected function anyWorker(): ?int
    {
        $pids = $this->site->workerPids();

        return $pids === [] ? null : $pids[mt_rand(0, count($pids) - 1)];
    }
}
