<?php

declare(strict_types=1);

namespace Mj\Tests\Chaos;

/** What happens to the processes of a {@see Site}, whatever it is. */
class ServerStrikes
{
    /** Seconds; a lease runs for 10. */
    private const SHORTER_THAN_THE_LEASE = [0.5, 5.0];
    private const LONGER_THAN_THE_LEASE = [12.0, 15.0];

    /** When who is stopped goes on: one at a time, and nothing that would let him go on before. */
    private float $stoppedUntil = 0.0;

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
            'owners stopped shortly' => fn () => $this->stop($this->owner(), self::SHORTER_THAN_THE_LEASE),
            'owners stopped for long' => fn () => $this->stop($this->owner(), self::LONGER_THAN_THE_LEASE),
            'workers stopped' => fn () => $this->stop($this->anyWorker(), self::SHORTER_THAN_THE_LEASE),
            'writers held up' => fn () => $this->holdWriters(),
        ];
    }

    /** @param array{float, float} $seconds for at least and at most how long */
    private function stop(?int $pid, array $seconds): bool
    {
        if ($pid === null || $this->isStopped()) {
            return false;
        }
        $begin = mt_rand(0, 100);
        $milliseconds = mt_rand((int) ($seconds[0] * 1000), (int) ($seconds[1] * 1000));
        $this->stoppedUntil = microtime(true) + ($begin + $milliseconds) / 1000;

        return Later::signal($pid, SIGSTOP, $begin) && Later::signal($pid, SIGCONT, $begin + $milliseconds);
    }

    /** Holds every writer up for longer than any limit of a pool: workers are ended inside `mj_imagine()`. */
    private function holdWriters(): bool
    {
        exec(sprintf('flock %s sleep 3.5 >/dev/null 2>&1 &', escapeshellarg("{$this->stateDirectory}/write.lock")));

        return true;
    }

    protected function isStopped(): bool
    {
        return microtime(true) < $this->stoppedUntil;
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
