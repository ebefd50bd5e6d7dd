<?php

// Runs in a process with the extension: times submissions and the disk's own fdatasync, in nanoseconds.
// Reads $data['directory'], on the disk in question.

declare(strict_types=1);

/** @return array{float|int, float|int} p50 and p99 */
$quantiles = static function (array $times): array {
    sort($times);

    return [$times[intdiv(count($times), 2)], $times[intdiv(count($times) * 99, 100)]];
};
$file = fopen($data['directory'] . '/plain', 'c+');
fwrite($file, str_repeat('x', 4 << 20));
fsync($file);
$block = random_bytes(16 << 10);
$syncs = [];
$sync = static function () use ($file, $block, &$syncs): void {
    fseek($file, 16384 * (count($syncs) % 256));
    fwrite($file, $block);
    $began = hrtime(true);
    fdatasync($file);
    $syncs[] = hrtime(true) - $began;
};

// The first ones open the store and make its log grow.
for ($round = 0; $round < 200; ++$round) {
    mj_imagine("a warm stone $round");
    $sync();
}
$syncs = [];
$times = [];
for ($round = 0; $round < 2_000; ++$round) {
    $began = hrtime(true);
    mj_imagine("a lighthouse on a cliff at dusk, oil painting $round --ar 3:2");
    $times[] = hrtime(true) - $began;
    if ($round % 2) {
        $sync();
    }
}
echo json_encode(['imagine' => $quantiles($times), 'sync' => $quantiles($syncs)], JSON_THROW_ON_ERROR);
