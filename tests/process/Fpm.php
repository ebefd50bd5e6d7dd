<?php

declare(strict_types=1);

namespace Mj\Tests\Process;

use Mj\Tests\Chaos\Site;

/**
 * A real php-fpm with one pool, the extension loaded, and `endpoint.php` behind a Unix socket.
 */
final class Fpm implements Site
{
    /** @var resource|null */
    private $process = null;

    private FastCgi $client;

    private string $directory;

    /** @var array<string, string> lines of the pool */
    private array $lines;

    /** @var list<int> workers whose master was killed */
    private array $orphans = [];

    /** @var list<resource> requests that nobody waits for */
    private array $left = [];

    /**
     * @param array<string, string> $ini   `mj.*` settings
     * @param array<string, string> $pool  lines of the pool, over the static one of `$workers`
     * @param list<string>          $extensions PHP's own, beside the one under test
     * @param bool                  $loads      whether the one under test is loaded at all
     * @param string                $endpoint   what it serves
     */
    public function __construct(private array $ini, int $workers = 8, array $pool = [], private bool $daemonize = false, private array $extensions = [], private bool $loads = true, string $endpoint = __DIR__ . '/endpoint.php')
    {
        $this->directory = sys_get_temp_dir() . '/mj-fpm-' . bin2hex(random_bytes(6));
        mkdir($this->directory, 0755);
        copy($endpoint, $this->directory . '/endpoint.php');
        $root = posix_geteuid() === 0;
        $this->lines = array_merge([
            'listen' => $this->directory . '/fpm.sock',
            'listen.mode' => '0666',
            'pm' => 'static',
            'pm.max_children' => (string) $workers,
            'catch_workers_output' => 'yes',
            'decorate_workers_output' => 'no',
        ], $root ? ['user' => 'www-data', 'group' => 'www-data'] : [], $pool);
        $this->client = new FastCgi($this->directory . '/fpm.sock', $this->directory . '/endpoint.php');
        $this->configure([]);
        $this->start();
    }

    public function __destruct()
    {
        $this->stop();
        $this->killOrphans();
        exec('rm -rf ' . escapeshellarg($this->directory));
    }

    /**
     * Writes the configuration for the next start or reload.
     *
     * @param array<string, string> $pool lines over those given at first
     */
    public function configure(array $pool): void
    {
        $config = "[global]\nerror_log = {$this->directory}/error.log\npid = {$this->directory}/fpm.pid\n"
            . 'daemonize = ' . ($this->daemonize ? 'yes' : 'no') . "\n[www]\n";
        foreach ($pool + $this->lines as $name => $value) {
            $config .= "$name = $value\n";
        }
        foreach ($this->ini as $name => $value) {
            $config .= "php_admin_value[$name] = \"$value\"\n";
        }
        file_put_contents($this->directory . '/fpm.conf', $config);
    }

    /** The php-fpm that belongs to this php, or a clear failure. */
    public static function binary(): string
    {
        foreach ([getenv('PHP_FPM') ?: '', '/usr/sbin/php-fpm' . PHP_MAJOR_VERSION . '.' . PHP_MINOR_VERSION, PHP_BINDIR . '/php-fpm', '/usr/local/sbin/php-fpm'] as $path) {
            if ($path !== '' && is_executable($path)) {
                return $path;
            }
        }
        throw new \RuntimeException('no php-fpm of PHP ' . PHP_VERSION . ' found; set PHP_FPM');
    }

    /** Calls a function in some worker. */
    public function call(string $function, mixed ...$arguments): mixed
    {
        return self::decode($this->client->request(self::encode($function, $arguments)));
    }

    /**
     * Calls a function for one of several sites of the pool, whose web server sets ini entries with each request.
     *
     * @param array<string, string> $ini
     */
    public function callFor(array $ini, string $function, mixed ...$arguments): mixed
    {
        $lines = array_map(static fn (string $name, string $value) => "$name=\"$value\"", array_keys($ini), $ini);
        $client = new FastCgi($this->directory . '/fpm.sock', $this->directory . '/endpoint.php', ['PHP_ADMIN_VALUE' => implode("\n", $lines)]);

        return self::decode($client->request(self::encode($function, $arguments)));
    }

    /**
     * Calls a function many times at once.
     *
     * @param  array<array-key, list<mixed>> $calls a function's name and its arguments each
     * @return array<array-key, mixed>       results; a {@see Lost} where the worker died before it answered
     */
    public function calls(array $calls, float $timeout = 30.0): array
    {
        $bodies = array_map(static fn (array $call) => self::encode($call[0], array_slice($call, 1)), $calls);

        return array_map(static function (string $answer): mixed {
            try {
                return self::decode($answer);
            } catch (Lost $lost) {
                return $lost;
            }
        }, $this->client->requests($bodies, $timeout));
    }

    /** Where a web server reaches it. */
    public function socket(): string
    {
        return $this->directory . '/fpm.sock';
    }

    /** What a web server lets it run. */
    public function script(): string
    {
        return $this->directory . '/endpoint.php';
    }

    public function masterPid(): int
    {
        return (int) file_get_contents($this->directory . '/fpm.pid');
    }

    /** @return list<int> */
    public function workerPids(): array
    {
        $master = $this->masterPid();
        $children = (string) @file_get_contents("/proc/$master/task/$master/children");

        return array_map('intval', preg_split('/ /', $children, -1, PREG_SPLIT_NO_EMPTY));
    }

    public function log(): string
    {
        return (string) @file_get_contents($this->directory . '/error.log');
    }

    public function signal(int $signal): void
    {
        posix_kill($this->masterPid(), $signal);
    }

    public function start(): void
    {
        $command = [self::binary(), '-n', '-R', '-y', $this->directory . '/fpm.conf'];
        if ($this->loads) {
            array_push($command, '-d', 'extension=' . Extension::path());
        }
        foreach ($this->extensions as $extension) {
            array_push($command, '-d', "extension=$extension");
        }
        if (!$this->daemonize) {
            $command[] = '-F';
        }
        $this->process = proc_open($command, [['file', '/dev/null', 'r'], ['file', $this->directory . '/out.log', 'a'], ['file', $this->directory . '/out.log', 'a']], $pipes);
        Until::true(fn () => @stream_socket_client('unix://' . $this->directory . '/fpm.sock') !== false, 60.0, fn () => 'php-fpm did not start: ' . $this->log() . file_get_contents($this->directory . '/out.log'));
    }

    /** Begins a call whose answer nobody will read. */
    public function leave(string $function, mixed ...$arguments): void
    {
        // The streams of calls that have ended by now are closed with the oldest.
        $this->left = array_slice([...$this->left, $this->client->begin(self::encode($function, $arguments))], -32);
    }

    /** Ends it with the signal that an administrator or a service manager sends; what hangs is killed after 5 s. */
    public function stop(int $signal = SIGTERM): void
    {
        $master = is_file($this->directory . '/fpm.pid') ? $this->masterPid() : 0;
        if ($master > 0) {
            $workers = $this->workerPids();
            if ($signal === SIGKILL) {
                $this->orphans = [...$this->orphans, ...$workers];
            } else {
                array_map(static fn (int $pid) => posix_kill($pid, SIGCONT), $workers);
            }
            posix_kill($master, $signal);
            for ($tries = 0; $tries < 500 && posix_kill($master, 0); ++$tries) {
                if ($this->process !== null) {
                    proc_get_status($this->process);
                }
                usleep(10_000);
            }
            posix_kill($master, SIGKILL);
            if ($signal !== SIGKILL) {
                // Workers of a master that had to be killed.
                array_map(static fn (int $pid) => posix_kill($pid, SIGKILL), $workers);
            }
            // Another php-fpm refuses to start where orphaned workers still listen.
            @unlink($this->directory . '/fpm.sock');
        }
        if ($this->process !== null) {
            proc_close($this->process);
            $this->process = null;
        }
    }

    /** Ends workers that outlived their master: php-fpm's go on alone. */
    public function killOrphans(): void
    {
        array_map(static fn (int $pid) => posix_kill($pid, SIGKILL), $this->orphans);
        $this->orphans = [];
    }

    /** @param list<mixed> $arguments */
    private static function encode(string $function, array $arguments): string
    {
        return json_encode(['function' => $function, 'arguments' => $arguments], JSON_THROW_ON_ERROR);
    }

    private static function decode(string $answer): mixed
    {
        $decoded = json_decode($answer, true);
        if (!is_array($decoded)) {
            throw new Lost('no answer from php-fpm' . ($answer === '' ? '' : ': ' . substr($answer, 0, 500)));
        }
        if (isset($decoded['exception'])) {
            throw new \RuntimeException($decoded['exception'] . ': ' . $decoded['message']);
        }

        return $decoded['result'];
    }
}
