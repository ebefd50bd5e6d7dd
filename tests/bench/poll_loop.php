<?php

// Runs in a process with the extension: times single polls and tells quantiles in nanoseconds.
// Reads the file $data['ids']: lists `in_progress` and `finished`, and `written`, the task that another process writes
// to. The lists are longer than what one process keeps decoded, so that each poll of them reads its row.

declare(strict_types=1);

/** @return array{float|int, float|int} p50 and p99 */
$quantiles = static function (array $times): array {
    sort($times);

    return [$times[intdiv(count($times), 2)], $times[intdiv(count($times) * 99, 100)]];
};
/** @param list<string> $ids polled in turn */
$poll = static function (array $ids, int $rounds) use ($quantiles): array {
    $times = [];
    $count = count($ids);
    for ($round = 0; $round < $rounds; ++$round) {
        $id = $ids[$round % $count];
        $began = hrtime(true);
        mj_poll($id);
        $times[] = hrtime(true) - $began;
    }

    return $quantiles($times);
};

$rounds = 50_000;
$empty = [];
for ($round = 0; $round < $rounds; ++$round) {
    $began = hrtime(true);
    gc_enabled();
    $empty[] = hrtime(true) - $began;
}
$ids = json_decode((string) file_get_contents($data['ids']), true, 8, JSON_THROW_ON_ERROR);
foreach ([[$ids['in_progress'][0], 'IN_PROGRESS', 0], [$ids['finished'][0], 'SUCCESS', 10]] as [$id, $status, $buttons]) {
    $task = mj_poll($id);
    if ($task['status'] !== $status || count($task['buttons']) !== $buttons) {
        throw new RuntimeException('the store holds other tasks than expected');
    }
}
$pages = [];
for ($round = 0; $round < 2_000; ++$round) {
    $began = hrtime(true);
    mj_metrics();
    $pages[] = hrtime(true) - $began;
}
echo json_encode([
    'empty' => $quantiles($empty)[0],
    'metrics' => $quantiles($pages),
    'polls' => [
        'unchanged' => $poll([$ids['in_progress'][0]], $rounds),
        'in progress' => $poll($ids['in_progress'], $rounds),
        'finished, 10 buttons' => $poll($ids['finished'], $rounds),
        'finished, 10 buttons, unchanged' => $poll([$ids['finished'][0]], $rounds),
        'the one that is written to' => $poll([$ids['written']], $rounds),
    ],
], JSON_THROW_ON_ERROR);
