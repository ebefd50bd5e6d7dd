<?php

declare(strict_types=1);

namespace Mj\Tests\Chaos;

use Mj\Tests\Process\Fpm;

/** What happens to php-fpm: what an administrator does, what its own limits do, and what nobody wants. */
final class FpmStrikes extends ServerStrikes
{
    /** Limits of the pool, one of which every start and reload picks. */
    private const LIMITS = [
        [],
        ['pm.max_requests' => '20'],
        ['request_terminate_timeout' => '2s'],
        ['pm.max_requests' => '20', 'request_terminate_timeout' => '2s'],
    ];

    /** @param array<string, mixed> $config for `mj_configure()` */
    public function __construct(private Fpm $fpm, private array $config, Load $load, string $stateDirectory)
    {
        parent::__construct($fpm, $load, $stateDirectory);
    }

    public function all(): array
    {
        return parent::all() + [
            'graceful stops' => fn () => $this->restart(SIGQUIT),
            'terminations' => fn () => $this->restart(SIGTERM),
            'masters killed' => function (Strikes $strikes): bool {
                $strikes->later(mt_rand(500, 5000) / 1000, fn () => $this->fpm->killOrphans());

                return $this->restart(SIGKILL);
            },
            'reloads' => function (): bool {
                $this->pickLimits();
                $this->fpm->signal(SIGUSR2);

                return true;
            },
            'waits cut off' => fn () => $this->leaveWaits(),
        ];
    }

    private function restart(int $signal): bool
    {
        if ($this->isStopped()) {
            return false;
        }
        $this->pickLimits();
        $this->fpm->stop($signal);
        $this->fpm->start();

        return true;
    }

    private function pickLimits(): void
    {
        $this->fpm->configure(self::LIMITS[mt_rand(0, count(self::LIMITS) - 1)]);
    }

    /** Pins a few workers with waits that `request_terminate_timeout` ends, where the pool has it. */
    private function leaveWaits(): bool
    {
        $open = array_values($this->load->open());
        for ($number = 0; $open !== [] && $number < 3; ++$number) {
            $this->fpm->leave('configured', $this->config, 'mj_wait', $open[mt_rand(0, count($open) - 1)], 20.0);
        }

        return $open !== [];
    }
}
