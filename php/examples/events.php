<?php

// A worker that deals with every change of every task exactly once, whoever submitted it.
//
//     php -d extension=/path/to/mj.so -d mj.state_dir=/path/to/state php/examples/events.php [prompt ...]
//
// It submits its prompts first and ends when they have; a real worker submits nothing and goes on for ever. Whom it talks
// to: see connect.php.

declare(strict_types=1);

require __DIR__ . '/connect.php';

connect();

$open = [];
foreach (array_slice($argv, 1) ?: ['a lighthouse', 'a harbour in fog'] as $prompt) {
    $open[mj_imagine($prompt)] = true;
}

// Where a shop keeps its orders. What is done for a change and the change's number are written together, so that an event
// that comes again, because this process died before mj_ack(), does nothing.
$orders = new PDO('sqlite::memory:');
$orders->exec('CREATE TABLE orders (task TEXT PRIMARY KEY, revision INTEGER NOT NULL, status TEXT NOT NULL, image TEXT)');
$change = $orders->prepare(
    'INSERT INTO orders VALUES (:task, :revision, :status, :image)
     ON CONFLICT (task) DO UPDATE SET revision = excluded.revision, status = excluded.status, image = excluded.image
     WHERE excluded.revision > orders.revision',
) ?: exit("SQLite did not take the statement.\n");

while ($open !== []) {
    foreach (mj_events('orders', 100, 20.0) as ['cursor' => $cursor, 'task' => $task]) {
        $change->execute([
            'task' => $task['id'],
            'revision' => $task['revision'],
            'status' => $task['status'],
            'image' => $task['image_url'],
        ]);
        if ($change->rowCount() > 0) {
            printf("%s revision %d: %s %d %%\n", $task['id'], $task['revision'], $task['status'], $task['progress']);
        }
        mj_ack('orders', $cursor);
        if ($task['finished_at'] !== null) {
            unset($open[$task['id']]);
        }
    }
}
