<?php

/**
 * Serves the studio on this machine, until Ctrl-C: `php serve.php [--listen 127.0.0.1:8080] [--seconds 60] [--speed 1.5]`.
 *
 * It talks to Discord where MJ_USER_TOKEN or php.ini says so, else to the simulator that MJ_SIMULATOR names. This process
 * is the engine's owner; PHP's own server, with eight workers, answers the browser. `--seconds` ends it by itself, a port
 * of 0 is any, `--speed` is the simulator's.
 * MJ_EXTENSION names the extension where php.ini does not load it.
 */

declare(strict_types=1);

/**
 * Says why not, and ends.
 *
 * @return never
 */
function refuse(string $why): void
{
    fwrite(STDERR, "$why\n");
    exit(1);
}

/**
 * Ends a process with its whole group: PHP's own server leaves its workers behind.
 *
 * @param resource $process
 */
function end_group($process): void
{
    $id = proc_get_status($process)['pid'];
    // It may not have come to lead a group yet.
    for ($tries = 0; $tries < 100 && proc_get_status($process)['running']; $tries++) {
        exec("kill -s TERM -- -$id $id 2>/dev/null");
        usleep(20_000);
    }
    exec("kill -s KILL -- -$id 2>/dev/null");
    proc_close($process);
}

/** Whether somebody listens there. */
function answers(string $listen): bool
{
    $socket = @stream_socket_client("tcp://$listen", timeout: 1.0);

    return $socket !== false && fclose($socket);
}

$options = getopt('', ['listen:', 'seconds:', 'speed:']) ?: [];
$listen = $options['listen'] ?? '127.0.0.1:8080';
[$seconds, $speed] = [$options['seconds'] ?? '', $options['speed'] ?? ''];
$seconds = is_string($seconds) && is_numeric($seconds) ? (float) $seconds : INF;
$speed = is_string($speed) && is_numeric($speed) ? $speed : '1.5';
if (!extension_loaded('mj')) {
    refuse('The extension mj is not loaded: run `make studio`, or php -d extension=/path/to/mj.so -d mj.state_dir=/path/to/state serve.php');
}
if (!is_string($listen) || preg_match('/^(127\.0\.0\.1|localhost|\[::1\]):\d+$/', $listen) !== 1) {
    refuse('--listen must be an address of this machine, as 127.0.0.1:8080; others are for a real web server (README.md)');
}
if (str_ends_with($listen, ':0')) {
    // PHP's own server does not tell which port it got.
    $free = stream_socket_server("tcp://$listen");
    $listen = $free === false ? $listen : (string) stream_socket_get_name($free, false);
    unset($free);
}

$environment = getenv();

/** @var ArrayObject<int, resource> $processes what this process started */
$processes = new ArrayObject();
// A signal is only noted: whatever it struck in the middle of may have started a process that is not noted yet.
/** @var bool $ending */
$ending = false;
$continue = static function () use (&$ending): void {
    if ($ending) {
        exit(0);
    }
};
// Whatever ends this process ends what it started.
register_shutdown_function(static function () use ($processes): void {
    foreach (array_reverse($processes->getArrayCopy()) as $process) {
        end_group($process);
    }
});
if (function_exists('pcntl_signal')) {
    pcntl_async_signals(true);
    foreach ([SIGINT, SIGTERM, SIGHUP] as $signal) {
        pcntl_signal($signal, static function () use (&$ending): void {
            $ending = true;
        });
    }
}

$config = [];
if (getenv('MJ_USER_TOKEN') === false && ini_get('mj.channel_id') === '') {
    $simulator = getenv('MJ_SIMULATOR') ?: 'mj-simulator';
    $pipes = [];
    $process = @proc_open(['setsid', $simulator, '--listen', '127.0.0.1:0', '--speed', $speed], [1 => ['pipe', 'w'], 2 => STDERR], $pipes);
    if ($process !== false) {
        $processes[] = $process;
    }
    /** @var array<int, resource> $pipes */
    $line = isset($pipes[1]) ? fgets($pipes[1]) : false;
    $continue();
    if ($line === false) {
        refuse("Neither MJ_USER_TOKEN nor php.ini names an account, and the simulator did not start: $simulator");
    }
    /** @var array<string, string> $says */
    $says = json_decode($line, true, 16, JSON_THROW_ON_ERROR);
    $keys = ['user_token', 'bot_token', 'guild_id', 'channel_id', 'api_url', 'gateway_url', 'cdn_url', 'upload_url', 'activity_url'];
    $config = array_intersect_key($says, array_flip($keys));
    echo "Behind it: the simulator at {$says['api_url']}.\n";
} else {
    echo "Behind it: Discord. Automating a user account is against Discord's and Midjourney's terms.\n";
}

// The server gets what this process was given on its own command line.
$command = ['setsid', PHP_BINARY];
$extension = getenv('MJ_EXTENSION');
if ($extension !== false) {
    array_push($command, '-n', '-d', "extension=$extension");
}
array_push($command, '-d', 'mj.state_dir=' . mj_status()['state_dir'], '-d', 'display_errors=0', '-d', 'upload_max_filesize=12M', '-d', 'post_max_size=64M');
foreach ($config as $key => $value) {
    array_push($command, '-d', "mj.$key=$value");
}
array_push($command, '-S', $listen, '-t', __DIR__ . '/public', __DIR__ . '/public/index.php');
$environment['PHP_CLI_SERVER_WORKERS'] = '8';
$log = getenv('MJ_STUDIO_LOG') ?: '/dev/null';
$pipes = [];
$server = proc_open($command, [0 => ['file', '/dev/null', 'r'], 1 => ['file', $log, 'a'], 2 => ['file', $log, 'a']], $pipes, null, $environment);
if ($server === false) {
    refuse('PHP did not start');
}
$processes[] = $server;
$continue();
for ($tries = 0; !answers($listen); $tries++) {
    if (!proc_get_status($server)['running'] || $tries > 100) {
        refuse("PHP's server did not start on $listen: is the port taken?");
    }
    usleep(50_000);
    $continue();
}
$continue();

/** @var MjConfigureConfig $config as the extension will see for itself */
mj_configure($config);
echo "The studio: http://$listen/\n";
if ($seconds === INF) {
    echo "Ctrl-C ends it.\n";
}
$until = microtime(true) + $seconds;
while (($left = $until - microtime(true)) > 0 && proc_get_status($server)['running']) {
    mj_serve(min($left, 1.0));
    $continue();
}
