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
                $percent = preg_match('/\((\d+)%\)/', $frame['content'], $match) ? (int) $match[1] : 'end';
                $sent[$stone[1]][$percent] ??= $frame['at_us'];
            }
        }
        $delays = ['edits' => [], 'ends' => []];
        foreach ($seen as [$stone, $percent, $at]) {
            if ($percent === 100) {
                $kind = 'ends';
                // The final is a message of its own; its frame is the last one of the job.
                $from = isset($sent[$stone]) ? ($sent[$stone]['end'] ?? null) : null;
            } else {
                $kind = 'edits';
                $from = $sent[$stone][$percent] ?? null;
            }
            if ($from !== null) {
                $delays[$kind][] = ($at - $from) / 1e3;
            }
        }
        $kind = $place->kind();
        foreach (['edits' => 'progress', 'ends' => 'finals'] as $name => $title) {
            $late = Numbers::quantile($delays[$name], 0.99);
            $isJudged = $name === 'edits';
            $report->add("frame to mj_poll on $kind, $title, p50", Numbers::median($delays[$name]), 'ms', $isJudged ? 1.0 : null, count($delays[$name]) . ' frames');
            $report->add("frame to mj_poll on $kind, $title, p99", $late, 'ms', $isJudged ? 5.0 : null, sprintf('max %.2f ms', max($delays[$name])));
        }
    }
}
