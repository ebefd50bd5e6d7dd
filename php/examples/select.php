<?php

// No event loop at hand: PHP's own stream_select() waits for a change, or for whatever else there is.
//
//     php -d extension=/path/to/mj.so -d mj.state_dir=/path/to/state php/examples/select.php [prompt ...]

declare(strict_types=1);

use Mj\{Midjourney, Task};

require __DIR__ . '/../autoload.php';
require __DIR__ . '/connect.php';
connect();

$mj = new Midjourney();
$watch = $mj->watch();
foreach (array_slice($argv, 1) ?: ['a lighthouse', 'a harbour in fog'] as $prompt) {
    $mj->onFinished($mj->imagine($prompt), static fn(Task $task) => print "$task->prompt: $task->status $task->imageUrl\n");
}
while (count($watch) > 0) {
    $read = [$watch->stream()];
    $write = $except = null;
    stream_select($read, $write, $except, null);
    $watch->changed();
}
