<?php

// Imagines a picture, shows how far it is, saves the grid, upscales the second one, saves it, prints both paths.
//
// With MJ_USER_TOKEN, MJ_GUILD_ID and MJ_CHANNEL_ID (and MJ_BOT_TOKEN, if there is a bot) in the environment it talks to
// Discord; else it starts the simulator named by MJ_SIMULATOR. `make demo` runs it.

declare(strict_types=1);

if (!extension_loaded('mj')) {
    fwrite(STDERR, "The mj extension is not loaded. Run `make demo`, or: php -d extension=/path/to/mj.so -d mj.state_dir=/path/to/state php/examples/demo.php\n");
    exit(1);
}

$prompt = $argv[1] ?? 'a lighthouse on a cliff at dusk, oil painting --ar 1:1';
$directory = $argv[2] ?? getcwd();
if (!is_dir($directory) && !mkdir($directory, 0755, true)) {
    fwrite(STDERR, "Can not make the directory $directory.\n");
    exit(1);
}

$simulator = null;
if (getenv('MJ_USER_TOKEN') !== false) {
    $config = array_filter([
        'user_token' => getenv('MJ_USER_TOKEN'),
        'bot_token' => getenv('MJ_BOT_TOKEN'),
        'guild_id' => getenv('MJ_GUILD_ID'),
        'channel_id' => getenv('MJ_CHANNEL_ID'),
    ]);
    echo "Talking to Discord. Automating a user account is against Discord's and Midjourney's terms.\n";
} else {
    $simulator = startSimulator(getenv('MJ_SIMULATOR') ?: 'mj-simulator');
    $config = array_intersect_key(
        $simulator['says'],
        array_flip(['user_token', 'bot_token', 'guild_id', 'channel_id', 'api_url', 'gateway_url', 'cdn_url', 'upload_url']),
    );
    echo "Talking to the simulator at {$config['api_url']}.\n";
}

try {
    mj_configure($config);

    $grid = mj_imagine($prompt, ['timeout' => 600]);
    echo "Task $grid: $prompt\n";
    $paths = saved(finished($grid), $directory);

    $upscale = mj_action($grid, 'upscale2');
    echo "Task $upscale: upscale2\n";
    $paths = [...$paths, ...saved(finished($upscale), $directory)];

    echo "Saved:\n";
    foreach ($paths as $path) {
        printf("  %s (%d bytes)\n", $path, filesize($path));
    }
} catch (Mj\MjException | ValueError $trouble) {
    fwrite(STDERR, $trouble::class . ': ' . $trouble->getMessage() . "\n");
    exit(1);
} finally {
    if ($simulator !== null) {
        proc_terminate($simulator['process']);
    }
}

/**
 * Waits for a task and draws its progress.
 *
 * @return array<string, mixed> the finished task
 */
function finished(string $id): array
{
    do {
        $task = mj_wait($id, 0.25);
        $full = intdiv($task['progress'], 4);
        printf("\r[%s%s] %3d %% %-12s", str_repeat('#', $full), str_repeat('.', 25 - $full), $task['progress'], $task['status']);
    } while (!in_array($task['status'], ['SUCCESS', 'FAILURE', 'CANCEL'], true));
    echo "\n";
    if ($task['status'] !== 'SUCCESS') {
        fwrite(STDERR, "No picture: {$task['fail_code']} {$task['fail_reason']}\n");
        exit(1);
    }

    return $task;
}

/**
 * @param  array<string, mixed> $task
 * @return list<string>         where its pictures were saved
 */
function saved(array $task, string $directory): array
{
    return mj_download($task['id'], $directory);
}

/** @return array{process: resource, says: array<string, mixed>} */
function startSimulator(string $binary): array
{
    $process = proc_open([$binary, '--listen', '127.0.0.1:0', '--speed', '5'], [1 => ['pipe', 'w'], 2 => STDERR], $pipes);
    $line = $process === false ? false : fgets($pipes[1]);
    if ($line === false) {
        fwrite(STDERR, "The simulator did not start: $binary. Run `make demo`.\n");
        exit(1);
    }

    return ['process' => $process, 'says' => json_decode($line, true, 16, JSON_THROW_ON_ERROR)];
}
