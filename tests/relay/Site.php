<?php

declare(strict_types=1);

namespace Mj\Tests\Relay;

use Mj\Tests\Process\Extension;
use Mj\Tests\Process\Fpm;
use Mj\Tests\Process\Nginx;
use Mj\Tests\Process\Simulator;
use Mj\Tests\Process\Until;

/** The relay as it is meant to run: php/http/nginx.conf, php-fpm with the extension, and the simulator behind it. */
final class Site
{
    public const SECRET = 'a-secret-of-the-test-long-enough';

    public string $url;

    public Simulator $simulator;

    private string $directory;

    /** @var list<resource> */
    private array $processes = [];

    /**
     * @param array<string, string> $settings   MJ_RELAY_…, without that
     * @param list<string>          $extensions PHP's own, beside the one under test
     */
    public function __construct(array $settings = [], private array $extensions = ['curl'])
    {
        $this->simulator = new Simulator(['--speed', '50']);
        $this->directory = sys_get_temp_dir() . '/mj-relay-' . bin2hex(random_bytes(6));
        mkdir($this->directory, 0700);
        mkdir("$this->directory/state", 0700);
        file_put_contents("$this->directory/secret", self::SECRET . "\n");
        $settings += ['RATE' => '0', 'SUBMIT_RATE' => '0'];
        $this->startFpm($settings);
        // Somebody else may take a port before nginx does.
        for ($tries = 1; !$this->startsNginx(); ++$tries) {
            if ($tries === 5) {
                throw new \RuntimeException('nginx did not start: ' . file_get_contents("$this->directory/out.log"));
            }
        }
    }

    public function __destruct()
    {
        foreach (array_reverse($this->processes) as $process) {
            proc_terminate($process, SIGTERM);
            proc_close($process);
        }
        exec('rm -rf ' . escapeshellarg($this->directory));
    }

    /**
     * Asks the relay.
     *
     * @param array<string, mixed>|string|null $body    null for a GET
     * @param list<string>                     $headers in place of the secret
     */
    public function ask(string $path, array|string|null $body = null, ?array $headers = null): Answer
    {
        $headers ??= ['mj-api-secret: ' . self::SECRET];
        $curl = curl_init($this->url . $path);
        $got = [];
        curl_setopt_array($curl, [
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_HTTPHEADER => [...$headers, 'Content-Type: application/json', 'Expect:'],
            CURLOPT_TIMEOUT => 60,
            CURLOPT_HEADERFUNCTION => static function (mixed $curl, string $line) use (&$got): int {
                [$name, $value] = explode(':', $line, 2) + ['', ''];
                $got[strtolower(trim($name))] = trim($value);

                return strlen($line);
            },
        ]);
        if ($body !== null) {
            $text = is_string($body) ? $body : ($body === [] ? '{}' : json_encode($body, JSON_THROW_ON_ERROR));
            curl_setopt($curl, CURLOPT_POSTFIELDS, $text);
        }
        $text = curl_exec($curl);
        if (!is_string($text)) {
            throw new \RuntimeException('no answer: ' . curl_error($curl));
        }

        return new Answer((int) curl_getinfo($curl, CURLINFO_RESPONSE_CODE), $got, $text);
    }

    /**
     * Asks for a task until it has ended.
     *
     * @return array<string, mixed>
     */
    public function ended(string $id): array
    {
        $task = [];
        // What an owner was sending when it was killed is searched for during half a minute, then sent again.
        Until::true(function () use ($id, &$task): bool {
            $task = $this->ask("/mj/task/$id/fetch")->json();

            return in_array($task['status'] ?? '', ['SUCCESS', 'FAILURE'], true);
        }, 120.0, static function () use (&$task): string {
            return 'the task stayed ' . json_encode($task);
        });

        return $task;
    }

    /**
     * Submits, and asks for the task until it has ended.
     *
     * @param  array<string, mixed> $body
     * @return array<string, mixed>
     */
    public function done(string $path, array $body): array
    {
        $reply = $this->ask($path, $body)->json();
        if (!in_array($reply['code'], [1, 22], true)) {
            throw new \RuntimeException("$path was answered with " . json_encode($reply));
        }

        return $this->ended($reply['result']);
    }

    /** Kills every worker, and so the owner; php-fpm starts others. */
    public function killWorkers(): void
    {
        $master = proc_get_status($this->processes[0])['pid'];
        foreach (explode(' ', trim((string) file_get_contents("/proc/$master/task/$master/children"))) as $worker) {
            posix_kill((int) $worker, SIGKILL);
        }
    }

    /** Whether the relay keeps something in a directory of its own. */
    public function hasFiles(string $name): bool
    {
        return (glob("$this->directory/state/relay/$name/*") ?: []) !== [];
    }

    /** Everything that php-fpm wrote. */
    public function log(): string
    {
        return file_get_contents("$this->directory/error.log") . file_get_contents("$this->directory/out.log");
    }

    /** @param array<string, string> $settings */
    private function startFpm(array $settings): void
    {
        $config = "[global]\nerror_log = $this->directory/error.log\ndaemonize = no\n[www]\nlisten = $this->directory/fpm.sock\n"
            . "pm = static\npm.max_children = 6\ncatch_workers_output = yes\ndecorate_workers_output = no\n";
        if (posix_geteuid() === 0) {
            $config .= "user = root\ngroup = root\n";
        }
        foreach ($settings as $name => $value) {
            $config .= "env[MJ_RELAY_$name] = \"$value\"\n";
        }
        $ini = $this->simulator->ini(['gateway' => 'both', 'state_dir' => "$this->directory/state", 'shutdown_grace' => '1']);
        foreach ($ini as $name => $value) {
            $config .= "php_admin_value[$name] = \"$value\"\n";
        }
        file_put_contents("$this->directory/fpm.conf", $config);
        $command = [Fpm::binary(), '-n', '-R', '-F', '-y', "$this->directory/fpm.conf", '-d', 'extension=' . Extension::path()];
        foreach ($this->extensions as $extension) {
            array_push($command, '-d', "extension=$extension");
        }
        $this->start($command);
        Until::true(fn() => is_file("$this->directory/error.log") && str_contains($this->log(), 'ready to handle'), 60.0, fn() => $this->log());
    }

    private function startsNginx(): bool
    {
        [$front, $inside] = self::freePorts();
        $text = (string) file_get_contents(dirname(__DIR__, 2) . '/php/http/nginx.conf');
        $places = [
            '~listen 443 ssl;~' => "listen 127.0.0.1:$front;",
            '~\n +ssl_certificate\w* [^;]+;~' => '',
            '~127\.0\.0\.1:8930~' => "127.0.0.1:$inside",
            '~include fastcgi_params;~' => 'include /etc/nginx/fastcgi_params;',
            '~/srv/mj/php/http/index\.php~' => dirname(__DIR__, 2) . '/php/http/index.php',
            '~/etc/mj/relay-secret~' => "$this->directory/secret",
            '~/run/php/php-fpm\.sock~' => "$this->directory/fpm.sock",
        ];
        foreach ($places as $place => $replacement) {
            $text = (string) preg_replace($place, $replacement, $text, -1, $count);
            if ($count === 0) {
                throw new \RuntimeException("php/http/nginx.conf lacks $place");
            }
        }
        $frame = (posix_geteuid() === 0 ? 'user root; ' : '') . "daemon off; worker_processes 1; pid $this->directory/nginx.pid;\n"
            . "events { worker_connections 256; }\nhttp { access_log off;\n";
        foreach (['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'] as $kind) {
            $frame .= "{$kind}_temp_path $this->directory/$kind;\n";
        }
        file_put_contents("$this->directory/nginx.conf", "$frame$text}\n");
        $process = $this->start([(string) Nginx::binary(), '-c', "$this->directory/nginx.conf", '-e', "$this->directory/nginx.log"]);
        Until::true(fn() => is_file("$this->directory/nginx.pid") || !proc_get_status($process)['running'], 60.0);
        $this->url = "http://127.0.0.1:$front";

        return is_file("$this->directory/nginx.pid");
    }

    /**
     * @param  list<string> $command
     * @return resource
     */
    private function start(array $command)
    {
        $log = ['file', "$this->directory/out.log", 'a'];
        $process = proc_open($command, [['file', '/dev/null', 'r'], $log, $log], $pipes, $this->directory);

        return $this->processes[] = $process;
    }

    /** @return array{int, int} that were free a moment ago */
    private static function freePorts(): array
    {
        $servers = [stream_socket_server('tcp://127.0.0.1:0'), stream_socket_server('tcp://127.0.0.1:0')];

        return array_map(static fn($server) => (int) substr((string) strrchr((string) stream_socket_get_name($server, false), ':'), 1), $servers);
    }
}
