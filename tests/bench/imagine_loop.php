<?php

// Runs in a process with the extension: times submissions, and the disk's own fdatasync between them, in microseconds.
// Reads $data['directory'], on the disk in question, and $data['rounds'].

declare(strict_types=1);

const BLOCK = 16 << 10;
const BLOCKS = 64;

$file = fopen($data['directory'] . '/plain', 'c+');
fwrite($file, str_repeat('x', BLOCK * BLOCKS));
fsync($file);
$block = random_bytes(BLOCK);

// The first one opens the store.
mj_imagine('a warm stone');
$times = ['imagine' => [], 'sync' => []];
for ($round = 0; $round < $data['rounds']; ++$round) {
    $began = hrtime(true);
    mj_imagine("a lighthouse on a cliff at dusk, oil painting $round --ar 3:2");
    $times['imagine'][] = (hrtime(true) - $began) / 1e3;

    fseek($file, BLOCK * ($round % BLOCKS));
    fwrite($file, $block);
    $began = hrtime(true);
    fdatasync($file);
    $times['sync'][] = (hrtime(true) - $began) / 1e3;
}
echo json_encode($times, JSON_THROW_ON_ERROR);
