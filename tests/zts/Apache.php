<?php

declare(strict_types=1);

namespace Mj\Tests\Zts;

use Mj\Tests\Process\Extension;
use Mj\Tests\Process\Lost;
use Mj\Tests\Process\Until;

/**
 * A real Apache with threads and the thread-safe PHP in them, the extension loaded, and `endpoint.php` behind a port for
 * each of its sites. MJ_ZTS names where `tests/zts/build` has put that PHP.
 */
final class Apache
{
    private const MODULES = '/usr/lib/apache2/modules';

    public string $directory;

    /** @var resource|null */
    private $process = null;

    /** @var list<int> */
    private array $ports = [];

    /**
     * @param list<array<string, string>> $sites     ini entries of each, as the server's `php_admin_value`
     * @param array<string, string>       $ini       entries of `php.ini`
     * @param array<string, string|int>   $settings  the server's own directives
     */
    public function __construct(
        private array $sites,
        private array $ini = [],
        private int $processes = 1,
        private int $threads = 16,
        private array $settings = [],
        private string $mpm = 'event',
    ) {
        $this->directory = sys_get_temp_dir() . '/mj-apache-' . bin2hex(random_bytes(6));
        mkdir($this->directory, 0755);
        foreach (array_keys($sites) as $site) {
            mkdir("{$this->directory}/site$site");
            copy(__DIR__ . '/endpoint.php', "{$this->directory}/site$site/endpoint.php");
            $this->ports[] = self::freePort();
        }
        if (posix_geteuid() === 0) {
            exec('chown -R www-data:www-data ' . escapeshellarg($this->directory));
        }
        $this->configure($ini);
        $this->start();
    }

    public function __destruct()
    {
        $this->stop();
        exec('rm -rf ' . escapeshellarg($this->directory));
    }

    /** Calls a function in some thread. */
    public function call(int $site, string $function, mixed ...$arguments): mixed
    {
        $answer = $this->calls([[$site, $function, ...$arguments]])[0];
        if ($answer instanceof \Throwable) {
            throw $answer;
        }

        return $answer;
    }

    /**
     * Calls many functions at once.
     *
     * @param  array<array-key, list<mixed>>  $calls a site's number, a function's name and its arguments each
     * @return array<array-key, mixed>        results; what was thrown; a {@see Lost} where nothing was answered
     */
    public function calls(array $calls, float $timeout = 60.0): array
    {
        return self::answers($this->begin($calls), $timeout);
    }

    /**
     * Sends calls, and waits for nothing.
     *
     * @param  array<array-key, list<mixed>>        $calls as {@see calls()} takes them
     * @return array<array-key, resource|false>     for {@see answers()}
     */
    public function begin(array $calls): array
    {
        return array_map(function (array $call) {
            $stream = @stream_socket_client("tcp://127.0.0.1:{$this->ports[$call[0]]}", $code, $message, 5.0);
            if ($stream !== false) {
                $body = json_encode(['function' => $call[1], 'arguments' => array_slice($call, 2)], JSON_THROW_ON_ERROR);
                @fwrite($stream, "POST /endpoint.php HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " . strlen($body) . "\r\n\r\n$body");
                stream_set_blocking($stream, false);
            }

            return $stream;
        }, $calls);
    }

    /**
     * Waits for the answers to what was sent.
     *
     * @param  array<array-key, resource|false> $open
     * @return array<array-key, mixed>          as {@see calls()} gives them
     */
    public static function answers(array $open, float $timeout): array
    {
        $answers = array_map(static fn ($stream) => new Lost($stream === false ? 'no connection' : "no answer within $timeout s"), $open);
        $open = array_filter($open);
        $buffers = array_map(static fn () => '', $open);
        $until = microtime(true) + $timeout;
        while ($open !== [] && ($left = $until - microtime(true)) > 0) {
            $read = $open;
            $write = $except = null;
            stream_select($read, $write, $except, (int) $left, (int) (fmod($left, 1) * 1e6));
            foreach ($read as $key => $stream) {
                $chunk = (string) @fread($stream, 65536);
                $buffers[$key] .= $chunk;
                if ($chunk === '' && feof($stream)) {
                    $answers[$key] = self::answer($buffers[$key]);
                    unset($open[$key]);
                }
            }
        }

        return $answers;
    }

    /** Writes another `php.ini`, which `graceful()` lets the server read. @param array<string, string> $ini */
    public function configure(array $ini): void
    {
        $zts = self::zts();
        $lines = 'extension=' . Extension::path() . "\nextension=pcntl.so\nzend_extension=opcache.so\nopcache.enable=1\ndisplay_errors=0\nlog_errors=1\n";
        foreach ($ini as $name => $value) {
            $lines .= "$name = \"$value\"\n";
        }
        file_put_contents("{$this->directory}/php.ini", $lines);

        $all = $this->processes * $this->threads;
        $directives = $this->settings + [
            'ServerRoot' => $this->directory,
            'DefaultRuntimeDir' => $this->directory,
            'PidFile' => "{$this->directory}/httpd.pid",
            'ErrorLog' => "{$this->directory}/error.log",
            'ServerName' => 'localhost',
            'PHPIniDir' => $this->directory,
            'StartServers' => $this->processes,
            'ServerLimit' => $this->processes,
            'ThreadLimit' => $this->threads,
            'ThreadsPerChild' => $this->threads,
            'MaxRequestWorkers' => $all,
            'MinSpareThreads' => $this->threads,
            'MaxSpareThreads' => $all,
        ];
        if (posix_geteuid() === 0) {
            $directives += ['User' => 'www-data', 'Group' => 'www-data'];
        }
        $config = "LoadModule mpm_{$this->mpm}_module " . self::MODULES . "/mod_mpm_{$this->mpm}.so\n"
            . 'LoadModule authz_core_module ' . self::MODULES . "/mod_authz_core.so\n"
            . "LoadModule php_module $zts/libphp.so\n";
        foreach ($directives as $name => $value) {
            $config .= "$name $value\n";
        }
        foreach ($this->sites as $site => $entries) {
            $config .= "Listen 127.0.0.1:{$this->ports[$site]}\n<VirtualHost 127.0.0.1:{$this->ports[$site]}>\n"
                . "DocumentRoot {$this->directory}/site$site\n<FilesMatch \\.php$>\nSetHandler application/x-httpd-php\n</FilesMatch>\n";
            foreach ($entries as $name => $value) {
                $config .= "php_admin_value $name \"$value\"\n";
            }
            $config .= "</VirtualHost>\n";
        }
        file_put_contents("{$this->directory}/httpd.conf", $config);
    }

    public function start(): void
    {
        $command = ['/usr/sbin/apache2', '-f', "{$this->directory}/httpd.conf", '-D', 'FOREGROUND'];
        $out = ['file', "{$this->directory}/out.log", 'a'];
        $this->process = proc_open($command, [['file', '/dev/null', 'r'], $out, $out], $pipes);
        $port = $this->ports[0];
        Until::true(
            fn () => @stream_socket_client("tcp://127.0.0.1:$port") !== false,
            20.0,
            fn () => 'Apache did not start: ' . $this->log() . file_get_contents("{$this->directory}/out.log"),
        );
    }

    /** Ends the server as `apachectl stop` does; how many seconds that took. */
    public function stop(): float
    {
        $began = microtime(true);
        if ($this->process !== null) {
            proc_terminate($this->process, SIGTERM);
            while (proc_get_status($this->process)['running']) {
                if (microtime(true) - $began > 60.0) {
                    proc_terminate($this->process, SIGKILL);
                }
                usleep(10_000);
            }
            proc_close($this->process);
            $this->process = null;
        }

        return microtime(true) - $began;
    }

    /** Lets the server read its configuration again and exchange its processes, as `apachectl graceful` does. */
    public function graceful(): void
    {
        $before = $this->pids();
        proc_terminate($this->process, SIGUSR1);
        Until::true(fn () => $this->pids() !== [] && array_intersect($this->pids(), $before) === [], 60.0, fn () => 'old processes stay: ' . $this->log());
    }

    /** @return list<int> the processes that serve */
    public function pids(): array
    {
        $parent = proc_get_status($this->process)['pid'];
        $children = (string) @file_get_contents("/proc/$parent/task/$parent/children");

        return array_map('intval', preg_split('/ /', $children, -1, PREG_SPLIT_NO_EMPTY));
    }

    public function log(): string
    {
        return (string) @file_get_contents("{$this->directory}/error.log");
    }

    public static function zts(): string
    {
        $zts = getenv('MJ_ZTS');
        if ($zts === false || !is_file("$zts/libphp.so")) {
            throw new \RuntimeException('MJ_ZTS must name the thread-safe PHP; `make test-zts` builds it and sets it');
        }

        return realpath($zts);
    }

    private static function freePort(): int
    {
        $server = stream_socket_server('tcp://127.0.0.1:0');

        return (int) substr(strrchr(stream_socket_get_name($server, false), ':'), 1);
    }

    private static function answer(string $response): mixed
    {
        $head = strpos($response, "\r\n\r\n");
        $decoded = $head === false ? null : json_decode(substr($response, $head + 4), true);
        if (!is_array($decoded)) {
            return new Lost('no answer from Apache' . ($response === '' ? '' : ': ' . substr($response, 0, 800)));
        }

        return isset($decoded['exception']) ? new \RuntimeException("{$decoded['exception']}: {$decoded['message']}") : $decoded['result'];
    }
}
