<?php

declare(strict_types=1);

namespace Mj\Tests\Bench;

use Mj\Tests\Process\Cli;
use Mj\Tests\Process\Simulator;
use Mj\Tests\Process\Until;

/**
 * From SIGKILL of the owner to the session resumed by the heir, as the gateway sees it, in the middle of running jobs: what
 * Discord tells meanwhile must reach the heir.
 */
final class Takeover
{
    private const ROUNDS = 100;

    /** As many as an account runs at once. */
    private const JOBS = 3;

    public function measure(Report $report): void
    {
        $times = [];
        $told = $replayed = $lost = 0;
        for ($round = 0; $round < self::ROUNDS; ++$round) {
            // A simulator a round: each has a session, an identify and a first resume of its own.
            $simulator = new Simulator(['--speed', '30']);
            $place = Place::onDisk();
            $ini = ['mj.state_dir' => $place->path] + $simulator->ini(['gateway' => 'user']);
            $owner = new Cli('mj_serve();', $ini);
            Until::true(static fn () => $simulator->record()['identifies'] === 1, 30.0);
            $heir = new Cli('mj_serve();', $ini);
            Until::true(static fn () => Process::threads($heir->pid()) > 1, 30.0);
            Process::rest($heir->pid());

            $ids = json_decode(Cli::run('echo json_encode(array_map("mj_imagine", $data));', ['mj.role' => 'never'] + $ini, array_map(static fn (int $job) => "picture $job", range(1, self::JOBS))), true);
            Until::true(static fn () => self::isInTheMiddle($simulator), 30.0, static fn () => 'the jobs do not run');
            $killed = microtime(true) * 1e3;
            $owner->signal(SIGKILL);
            $resumed = null;
            Until::true(static function () use ($simulator, &$resumed): bool {
                $resumed = array_filter(array_column($simulator->record()['connections'], 'resumed_at'));

                return $resumed !== [];
            }, 30.0, static fn () => 'nobody resumed');
            $times[] = reset($resumed) - $killed;

            $tasks = json_decode(Cli::run('echo json_encode(array_map(fn ($id) => mj_wait($id, 60), $data));', ['mj.role' => 'never'] + $ini, $ids), true);
            [$events, $again, $missing] = self::events($simulator);
            $told += $events;
            $replayed += $again;
            $lost += $missing + self::wrong($simulator, $tasks);
            $heir->signal(SIGKILL);
        }
        $report->add('takeover: SIGKILL to resumed', Numbers::median($times), 'ms', 300.0, sprintf('median of %d; %.0f to %.0f ms', self::ROUNDS, min($times), max($times)));
        $report->add('takeover: events lost', (float) $lost, 'events and pictures', 0.0, sprintf('of %d; %d came to the heir for the first time or again when it resumed', $told, $replayed));
    }

    /** Whether all jobs run and one has shown progress. */
    private static function isInTheMiddle(Simulator $simulator): bool
    {
        $jobs = $simulator->jobs();

        return count($jobs) === self::JOBS && array_filter(array_column($jobs, 'progress_message_id')) !== [];
    }

    /**
     * Compares the events of messages that the session had with those that were written to the owner's or the heir's
     * socket, by their sequence numbers.
     *
     * @return array{int, int, int} how many there were, were written to the heir when it resumed, and to nobody
     */
    private static function events(Simulator $simulator): array
    {
        $record = $simulator->record();
        $frames = $simulator->control('frames');
        $heirs = array_filter($record['connections'], static fn (array $one) => $one['resumed_at'] !== null);
        $heir = reset($heirs);
        $events = $record['events']['MESSAGE_CREATE'] + $record['events']['MESSAGE_UPDATE'];
        $replayed = array_filter($frames, static fn (array $frame) => $frame['connection'] === $heir['id'] && $frame['at_us'] / 1e3 < $heir['resumed_at'] + 10);

        return [$events, count($replayed), $events - count(array_unique(array_column($frames, 's')))];
    }

    /**
     * @param  list<array<string, mixed>> $tasks as PHP was told
     * @return int how many of them did not end with the picture of the job that was made for them, once
     */
    private static function wrong(Simulator $simulator, array $tasks): int
    {
        $jobs = array_column($simulator->jobs(), null, 'job_id');
        $right = array_filter($tasks, static fn (array $task) => $task['status'] === 'SUCCESS'
            && parse_url((string) ($jobs[$task['job_id']]['picture_url'] ?? ''), PHP_URL_PATH) === parse_url($task['images'][0]['url'], PHP_URL_PATH));

        return self::JOBS - count(array_unique(array_column($right, 'job_id'))) + count($jobs) - self::JOBS;
    }
}
