<?php

// A page that takes what mj posts to `notify_url`. It needs no extension and may run on another host.
//
//     MJ_NOTIFY_SECRET=… php -S 127.0.0.1:8080 php/examples/webhook_receiver.php
//
// `webhook.php` beside it shows both sides.

declare(strict_types=1);

$secret = (string) getenv('MJ_NOTIFY_SECRET');
$body = (string) file_get_contents('php://input');
$header = static fn(string $name): string => is_string($_SERVER[$name] ?? null) ? $_SERVER[$name] : '';
$timestamp = $header('HTTP_X_MJ_TIMESTAMP');
$signature = $header('HTTP_X_MJ_SIGNATURE');

$expected = 'sha256=' . hash_hmac('sha256', "$timestamp.$body", $secret);
if ($secret === '' || !hash_equals($expected, $signature) || abs(time() - (int) $timestamp) > 300) {
    http_response_code(403);

    return;
}

// A post may come twice (the sender died before it heard our answer), with the same X-Mj-Delivery: a real page stores the
// task's revision with what it does, and skips a revision that is not greater than the stored one.
/** @var MjTask $task its signature says so */
$task = json_decode($body, true, 64, JSON_THROW_ON_ERROR);
error_log(sprintf('%s: %s %d %% %s', $header('HTTP_X_MJ_DELIVERY'), $task['status'], $task['progress'], $task['image_url'] ?? ''));

// Anything but 2xx is tried again for a day; 410 ends the posts of this task.
http_response_code(204);
