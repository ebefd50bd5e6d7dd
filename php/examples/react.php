<?php

// ReactPHP: prompts are imagined, and the loop is free for everything else meanwhile.
//
//     php -d extension=/path/to/mj.so -d mj.state_dir=/path/to/state php/examples/react.php vendor/autoload.php [prompt ...]

declare(strict_types=1);

use Mj\{Midjourney, Task};
use React\EventLoop\Loop;

require $argv[1] ?? 'vendor/autoload.php';
require __DIR__ . '/../autoload.php';
require __DIR__ . '/connect.php';
connect();

$mj = new Midjourney();
$watch = $mj->watch();
Loop::addReadStream($watch->stream(), static function () use ($watch): void {
    $watch->changed();
    count($watch) > 0 || Loop::removeReadStream($watch->stream());
});
foreach (array_slice($argv, 2) ?: ['a lighthouse', 'a harbour in fog'] as $prompt) {
    $mj->onFinished($mj->imagine($prompt), static fn(Task $task) => print "$task->prompt: $task->status $task->imageUrl\n");
}
Loop::run();
