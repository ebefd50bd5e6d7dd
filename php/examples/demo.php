<?php

// Imagines a picture, shows how far it is, saves the grid, upscales the second one, saves it, prints both paths.
//
// `make demo` runs it. Whom it talks to: see connect.php.

declare(strict_types=1);

require __DIR__ . '/connect.php';

$prompt = $argv[1] ?? 'a lighthouse on a cliff at dusk, oil painting --ar 1:1';
$directory = $argv[2] ?? (string) getcwd();
if (!is_dir($directory) && !mkdir($directory, 0755, true)) {
    fwrite(STDERR, "Can not make the directory $directory.\n");
    exit(1);
}

try {
    connect();

    $grid = mj_imagine($prompt, ['timeout' => 600]);
    echo "Task $grid: $prompt\n";
    finished($grid);
    $paths = mj_download($grid, $directory);

    $upscale = mj_action($grid, 'upscale2');
    echo "Task $upscale: upscale2\n";
    finished($upscale);
    $paths = [...$paths, ...mj_download($upscale, $directory)];

    echo "Saved:\n";
    foreach ($paths as $path) {
        printf("  %s (%d bytes)\n", $path, filesize($path));
    }
} catch (Mj\MjException|ValueError $trouble) {
    fwrite(STDERR, $trouble::class . ': ' . $trouble->getMessage() . "\n");
    exit(1);
}
