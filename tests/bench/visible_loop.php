<?php

// Runs in a process with the extension that is not the owner: keeps three tasks going, polls them without a pause and
// tells [number, progress, Unix microseconds] of every change.
// Reads $data['edits']: how many to see before it ends.

declare(strict_types=1);

$number = 0;
$open = [];
$seen = [];
$until = microtime(true) + 90.0;
while (count($seen) < $data['edits'] && microtime(true) < $until) {
    while (count($open) < 3) {
        $open[mj_imagine('a warm stone ' . ++$number)] = [$number, 0];
    }
    foreach ($open as $id => [$stone, $progress]) {
        $task = mj_poll($id);
        if ($task['progress'] !== $progress) {
            $at = (int) (microtime(true) * 1e6);
            $seen[] = [$stone, $task['progress'], $at];
            $open[$id][1] = $task['progress'];
        }
        if ($task['finished_at'] !== null) {
            unset($open[$id]);
        }
    }
}
echo json_encode($seen, JSON_THROW_ON_ERROR);
