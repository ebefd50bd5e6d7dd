<?php

// Asks Midjourney for prompts that fit a picture, and imagines the first of them.
//
//     php -d extension=/path/to/mj.so -d mj.state_dir=/path/to/state php/examples/describe.php [picture]
//
// The picture is an address, a file or a `data:` address; without one it is imagined first. Whom it talks to: see connect.php.

declare(strict_types=1);

require __DIR__ . '/connect.php';

connect();

$picture = $argv[1] ?? null;
if ($picture === null) {
    $grid = mj_imagine('a lighthouse on a cliff at dusk');
    finished($grid);
    $directory = sys_get_temp_dir() . '/mj-describe-' . bin2hex(random_bytes(4));
    mkdir($directory, 0700);
    [$picture] = mj_download($grid, $directory, ['cells' => [1]]);
}

$described = finished(mj_describe($picture));
foreach (array_values($described['texts']) as $number => $text) {
    printf("%d. %s\n", $number + 1, $text);
}

// The button opens a form with the prompt in it: `['prompt' => 'other words']` would change it. Only the account's own
// session sees the form, so this needs `mj.gateway` `user` or `both`.
$task = finished(mj_action($described['id'], 'imagine1'));
echo "Imagined: {$task['image_url']}\n";
