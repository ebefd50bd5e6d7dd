<?php

/**
 * `php start.php start`, as Workerman does it: the master reads the configuration and forks; each process builds its handler,
 * begins, runs its timers and takes signals between them. The master stays until it gets a line, then stops them.
 */

declare(strict_types=1);

require __DIR__ . '/../phpunit/bootstrap.php';
require __DIR__ . '/webman.php';

spl_autoload_register(static function (string $class): void {
    $path = base_path(str_replace('\\', '/', $class) . '.php');
    is_file($path) && require $path;
});
foreach (config('event', []) as $name => $listeners) {
    foreach ($listeners as [$class, $method]) {
        Webman\Event\Event::on($name, static fn (object $event) => (new $class())->$method($event));
    }
}
$pids = [];
$master = getmypid();
foreach (require base_path('config/plugin/mj/client/process.php') as $process) {
    for ($i = 0; $i < $process['count']; ++$i) {
        $pid = pcntl_fork();
        if ($pid > 0) {
            $pids[] = $pid;
            continue;
        }
        fclose(STDIN);
        $isStopped = false;
        pcntl_signal(SIGINT, static function () use (&$isStopped): void {
            $isStopped = true;
        });
        $handler = new $process['handler'](...($process['constructor'] ?? []));
        $handler->onWorkerStart();
        // Nobody is left behind by a test that failed.
        while (!$isStopped && is_dir("/proc/$master")) {
            foreach (Workerman\Timer::$timers as [$seconds, $call]) {
                $call();
                usleep((int) ($seconds * 1e6));
            }
            pcntl_signal_dispatch();
        }
        $handler->onWorkerStop();
        exit(0);
    }
}
echo json_encode(['pids' => $pids, 'threads' => count((array) glob('/proc/self/task/*'))]), "\n";
fgets(STDIN);
$begin = microtime(true);
foreach ($pids as $pid) {
    posix_kill($pid, SIGINT);
}
foreach ($pids as $pid) {
    pcntl_waitpid($pid, $status);
    echo json_encode(['status' => $status, 'seconds' => microtime(true) - $begin]), "\n";
}
