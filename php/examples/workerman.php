<?php

// Workerman: each worker imagines prompts, and serves everything else meanwhile. Ctrl-C ends it.
//
//     php -d extension=/path/to/mj.so -d mj.state_dir=/path/to/state php/examples/workerman.php start

declare(strict_types=1);

use Mj\{Midjourney, Task};
use Workerman\Worker;

require getenv('AUTOLOAD') ?: 'vendor/autoload.php';
require __DIR__ . '/../autoload.php';
require __DIR__ . '/connect.php';
connect();

$worker = new Worker();
$worker->onWorkerStart = static function (): void {
    $mj = new Midjourney();   // made in the worker: a stream does not outlive a fork
    $watch = $mj->watch();
    Worker::getEventLoop()->onReadable($watch->stream(), static function () use ($watch): void {
        $watch->changed();
    });
    foreach (['a lighthouse', 'a harbour in fog'] as $prompt) {
        $mj->onFinished($mj->imagine($prompt), static fn(Task $task) => print "$task->prompt: $task->status $task->imageUrl\n");
    }
};
Worker::runAll();
