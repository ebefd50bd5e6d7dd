<?php

// Amp: prompts are imagined, and the loop is free for everything else meanwhile. Amp 3 has Revolt's loop, Amp 2 its own.
//
//     php -d extension=/path/to/mj.so -d mj.state_dir=/path/to/state php/examples/amp.php vendor/autoload.php [prompt ...]

declare(strict_types=1);

use Mj\{Midjourney, Task};

require $argv[1] ?? 'vendor/autoload.php';
require __DIR__ . '/../autoload.php';
require __DIR__ . '/connect.php';
connect();

$loop = class_exists(Revolt\EventLoop::class) ? Revolt\EventLoop::class : Amp\Loop::class;
$mj = new Midjourney();
$watch = $mj->watch();
$loop::onReadable($watch->stream(), static function (string $callback) use ($loop, $watch): void {
    $watch->changed();
    count($watch) > 0 || $loop::cancel($callback);
});
foreach (array_slice($argv, 2) ?: ['a lighthouse', 'a harbour in fog'] as $prompt) {
    $mj->onFinished($mj->imagine($prompt), static fn(Task $task) => print "$task->prompt: $task->status $task->imageUrl\n");
}
$loop::run();
