<?php

// What all examples need first: Discord, where MJ_USER_TOKEN, MJ_GUILD_ID and MJ_CHANNEL_ID are in the environment (and
// MJ_BOT_TOKEN, if there is a bot); else the simulator that MJ_SIMULATOR names.

declare(strict_types=1);

if (!extension_loaded('mj')) {
    fwrite(STDERR, "The mj extension is not loaded. Run `make demo`, or: php -d extension=/path/to/mj.so -d mj.state_dir=/path/to/state {$argv[0]}\n");
    exit(1);
}

/**
 * Configures the hub of this process. A simulator that was started ends with it.
 *
 * @param array{notify_url?: string, notify_secret?: string} $settings more keys of mj_configure()
 */
function connect(array $settings = []): void
{
    if (getenv('MJ_USER_TOKEN') !== false) {
        echo "Talking to Discord. Automating a user account is against Discord's and Midjourney's terms.\n";
        mj_configure($settings + array_filter([
            'user_token' => (string) getenv('MJ_USER_TOKEN'),
            'bot_token' => (string) getenv('MJ_BOT_TOKEN'),
            'guild_id' => (string) getenv('MJ_GUILD_ID'),
            'channel_id' => (string) getenv('MJ_CHANNEL_ID'),
        ]));

        return;
    }

    $binary = getenv('MJ_SIMULATOR') ?: 'mj-simulator';
    $pipes = [];
    $process = proc_open([$binary, '--listen', '127.0.0.1:0', '--speed', '5'], [1 => ['pipe', 'w'], 2 => STDERR], $pipes);
    /** @var array<int, resource> $pipes */
    $line = isset($pipes[1]) ? fgets($pipes[1]) : false;
    $says = $line === false ? null : json_decode($line, true);
    if ($process === false || !is_array($says)) {
        fwrite(STDERR, "The simulator did not start: $binary. Run `make demo`.\n");
        exit(1);
    }
    register_shutdown_function(static fn() => proc_terminate($process));
    $keys = ['user_token', 'bot_token', 'guild_id', 'channel_id', 'api_url', 'gateway_url', 'cdn_url', 'upload_url', 'activity_url'];
    /** @var MjConfigureConfig $said what it says is what mj_configure() takes */
    $said = array_filter(array_intersect_key($says, array_flip($keys)), 'is_string');
    mj_configure($settings + $said);
    echo 'Talking to the simulator at ', $said['api_url'] ?? '?', ".\n";
}

/**
 * Waits for a task and draws its progress.
 *
 * @return MjTask the task, which has succeeded
 */
function finished(string $id): array
{
    do {
        $task = mj_wait($id, 0.25);
        $full = intdiv($task['progress'], 4);
        printf("\r[%s%s] %3d %% %-12s", str_repeat('#', $full), str_repeat('.', 25 - $full), $task['progress'], $task['status']);
    } while ($task['finished_at'] === null);
    echo "\n";
    if ($task['status'] !== 'SUCCESS') {
        fwrite(STDERR, "No result: {$task['fail_code']} {$task['fail_reason']}\n");
        exit(1);
    }

    return $task;
}
