<?php

declare(strict_types=1);

namespace Mj\Tests\Bench;

use Mj\Tests\Process\Cli;
use Mj\Tests\Process\Simulator;
use Mj\Tests\Process\Until;

/** From a frame on the gateway's socket to `mj_poll()` in a process that is not the owner. */
final class Visible
{
    private const EDITS = 300;

    public function measure(Report $report): void
    {
        foreach ([Place::onDisk(), Place::inMemory()] as $place) {
            $this->measureOn($place, $report);
        }
    }

    private function measureOn(Place $place, Report $report): void
    {
        $simulator = new Simulator(['--speed', '25']);
        $ini = ['mj.state_dir' => $place->path] + $simulator->ini(['gateway' => 'user']);
        $owner = new Cli('mj_serve();', $ini);
        Until::true(static fn () => $simulator->record()['open_connections'] === 1, 30.0);
        $seen = json_decode(Cli::run('require $data["script"];', ['mj.role' => 'never'] + $ini, [
            'script' => __DIR__ . '/visible_loop.php',
            'edits' => self::EDITS,
        ], 120.0), true, 8, JSON_THROW_ON_ERROR);
        $owner->signal(SIGKILL);

        $sent = [];
        foreach ($simulator->control('frames') as $frame) {
            if (preg_match('/stone (\d+)\b/', (string) $frame['content'], $stone)) {
                if (preg_match('/\((\d+)%\)/', $frame['content'], $match)) {
                    $sent[$stone[1]][(int) $match[1]] ??= $frame['at_us'];
                } elseif ($frame['t'] === 'MESSAGE_CREATE' && !str_contains($frame['content'], 'Waiting to start')) {
                    $sent[$stone[1]]['final'] ??= $frame['at_us'];
                }
            }
        }
        $delays = ['edits' => [], 'finals' => []];
        foreach ($seen as [$stone, $percent, $at]) {
            // The final is a message of its own and says no percent.
            $from = $sent[$stone][$percent === 100 ? 'final' : $percent] ?? null;
            if ($from !== null) {
                $delays[$percent === 100 ? 'finals' : 'edits'][] = ($at - $from) / 1e3;
            }
        }
        $kind = $place->kind();
        foreach (['edits' => 'progress', 'finals' => 'final'] as $name => $title) {
            $late = Numbers::quantile($delays[$name], 0.99);
            $isJudged = $name === 'edits';
            $report->add("frame to mj_poll on $kind, $title, p50", Numbers::median($delays[$name]), 'ms', $isJudged ? 1.0 : null, count($delays[$name]) . ' frames');
            $report->add("frame to mj_poll on $kind, $title, p99", $late, 'ms', $isJudged ? 5.0 : null, sprintf('max %.2f ms', max($delays[$name])));
        }
    }
}
