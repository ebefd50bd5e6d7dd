<?php

// Starts the page of webhook_receiver.php on a free port, imagines a picture, and shows what the page is told.
//
//     php -d extension=/path/to/mj.so -d mj.state_dir=/path/to/state php/examples/webhook.php [prompt]
//
// Whom it talks to: see connect.php.

declare(strict_types=1);

require __DIR__ . '/connect.php';

$secret = bin2hex(random_bytes(16));
$free = stream_socket_server('tcp://127.0.0.1:0') ?: exit("There is no free port.\n");
$address = (string) stream_socket_get_name($free, false);
fclose($free);
$pipes = [];
$page = proc_open(
    [PHP_BINARY, '-n', '-S', $address, __DIR__ . '/webhook_receiver.php'],
    [2 => STDERR],
    $pipes,
    null,
    ['MJ_NOTIFY_SECRET' => $secret] + getenv(),
) ?: exit("PHP's web server did not start.\n");

connect(['notify_url' => "http://$address/", 'notify_secret' => $secret]);
$task = finished(mj_imagine($argv[1] ?? 'a lighthouse on a cliff at dusk'));

// The posts are the owner's work, which is this process here: it stays until the last one was taken.
while ((mj_status()['webhooks']['pending'] ?? 0) > 0) {
    mj_serve(0.2);
}
proc_terminate($page);
printf("Delivered: %s revision %d\n", $task['id'], $task['revision']);
