<?php

// The typed client: imagines a picture, shows each change, upscales what came, and is told of the end by a listener.
//
//     php -d extension=/path/to/mj.so -d mj.state_dir=/path/to/state php/examples/client.php [prompt] [directory]
//
// Whom it talks to: see connect.php.

declare(strict_types=1);

use Mj\Button;
use Mj\Midjourney;
use Mj\Task;

require __DIR__ . '/connect.php';
require __DIR__ . '/../autoload.php';

connect();

// With Composer, `new Midjourney(['user_token' => …], $logger, $dispatcher)` is all of this; here the hub is connect()'s.
$mj = new Midjourney();

$task = $mj->imagine($argv[1] ?? 'a lighthouse on a cliff at dusk --ar 3:2', ['timeout' => 600]);
$changes = $mj->stream($task);
foreach ($changes as $revision => $task) {
    printf("revision %d: %s %d %%\n", $revision, $task->status, $task->progress);
}
$grid = $changes->getReturn()->orThrow();
echo 'It offers ', implode(', ', array_map(static fn(Button $button): string => $button->action ?? $button->customId, $grid->buttons)), "\n";

// Two presses at once; each listener is called when its task ends.
$directory = $argv[2] ?? sys_get_temp_dir() . '/mj-client-' . bin2hex(random_bytes(4));
is_dir($directory) || mkdir($directory, 0755, true);
$presses = [$mj->upscale($grid, 1), $mj->variation($grid, 2)];
foreach ($presses as $press) {
    $mj->onFinished($press, static function (Task $task) use ($mj, $directory): void {
        printf("%s ended as %s: %s\n", $task->action, $task->status, $mj->download($task, $directory)[0]);
    });
}
$mj->waitMany($presses, 600);
