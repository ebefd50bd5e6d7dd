<?php

declare(strict_types=1);

namespace Mj\Tests\Bench;

use Mj\Tests\Process\Cli;
use Mj\Tests\Process\Simulator;
use Mj\Tests\Process\Until;

/** From SIGKILL of the owner to the session resumed by the heir, as the gateway sees it. */
final class Takeover
{
    private const ROUNDS = 20;

    public function measure(Report $report): void
    {
        // An account a round: each has an identify and a first resume of its own.
        $simulator = new Simulator(['--accounts', (string) self::ROUNDS]);
        $simulator->control('config', ['set' => ['identify_spacing' => 0]]);
        $times = [];
        for ($round = 0; $round < self::ROUNDS; ++$round) {
            $place = Place::onDisk();
            $ini = ['mj.state_dir' => $place->path] + $simulator->ini(['gateway' => 'user', 'user_token' => $simulator->says['accounts'][$round]['user_token']]);
            $owner = new Cli('mj_serve();', $ini);
            Until::true(static fn () => $simulator->record()['identifies'] === $round + 1, 30.0);
            $heir = new Cli('mj_serve();', $ini);
            Until::true(static fn () => Process::threads($heir->pid()) > 1, 30.0);
            Process::rest($heir->pid());

            $killed = microtime(true) * 1e3;
            $owner->signal(SIGKILL);
            $resumed = null;
            Until::true(static function () use ($simulator, $round, &$resumed): bool {
                $times = array_filter(array_column($simulator->record()['connections'], 'resumed_at'));
                $resumed = end($times);

                return count($times) === $round + 1;
            }, 30.0, static fn () => 'nobody resumed');
            $times[] = $resumed - $killed;
            $heir->signal(SIGKILL);
        }
        $report->add('takeover: SIGKILL to resumed', Numbers::median($times), 'ms', 300.0, sprintf('median of %d; %.0f to %.0f ms', self::ROUNDS, min($times), max($times)));
    }
}
