<?php

// Swoole: prompts are imagined, and the loop is free for everything else meanwhile.
//
//     php -d extension=swoole -d extension=/path/to/mj.so -d mj.state_dir=/path/to/state php/examples/swoole.php [prompt ...]

declare(strict_types=1);

use Mj\{Midjourney, Task};
use Swoole\Event;

require __DIR__ . '/../autoload.php';
require __DIR__ . '/connect.php';
connect();

$mj = new Midjourney();
$watch = $mj->watch();
Event::add($watch->stream(), static function () use ($watch): void {
    $watch->changed();
    count($watch) > 0 || Event::del($watch->stream());
});
foreach (array_slice($argv, 1) ?: ['a lighthouse', 'a harbour in fog'] as $prompt) {
    $mj->onFinished($mj->imagine($prompt), static fn(Task $task) => print "$task->prompt: $task->status $task->imageUrl\n");
}
Event::wait();
