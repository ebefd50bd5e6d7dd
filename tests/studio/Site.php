<?php

declare(strict_types=1);

namespace Mj\Tests\Studio;

use Mj\Tests\Process\Extension;
use Mj\Tests\Process\Fpm;
use Mj\Tests\Process\Nginx;
use Mj\Tests\Process\Simulator;
use Mj\Tests\Process\Until;

/** The studio as it is meant to run: php/studio/nginx.conf, php-fpm with the extension, and the simulator behind it. */
final class Site
{
    public const SECRET = 'a secret of the test';

    public string $url = '';

    private Simulator $simulator;

    private string $directory;

    /** @var list<resource> */
    private array $processes = [];

    /** @var array<string, string> */
    private array $cookies = [];

    private string $token = '';

    /**
     * @param array<string, string> $settings MJ_STUDIO_…, without that
     * @param array<string, mixed>  $config   of the hub, as `proxy`
     */
    public function __construct(int $workers, array $settings = [], string $speed = '4', ?Simulator $simulator = null, private array $config = [])
    {
        $this->simulator = $simulator ?? new Simulator(['--speed', $speed]);
        $this->directory = sys_get_temp_dir() . '/mj-studio-site-' . bin2hex(random_bytes(6));
        mkdir($this->directory, 0700);
        mkdir("$this->directory/state", 0700);
        $this->startFpm($workers, $settings + ['SECRET' => self::SECRET, 'DIR' => "$this->directory/studio"]);
        // Somebody else may take a port before nginx does.
        for ($tries = 1; !$this->startsNginx(); ++$tries) {
            if ($tries === 5) {
                throw new \RuntimeException('nginx did not start: ' . $this->log());
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

    /** Logs in, as the page does. */
    public function enter(): void
    {
        [$status, , $body] = $this->ask('login', ['secret' => self::SECRET]);
        if ($status !== 200) {
            throw new \RuntimeException("the login was answered with $status: $body");
        }
        $this->token = json_decode($body, true, 4, JSON_THROW_ON_ERROR)['token'];
    }

    /**
     * Asks the studio, and waits for the answer.
     *
     * @param array<string, mixed>|null $body null for a GET
     *
     * @return array{int, array<string, string>, string} status, headers by their names in lower case, body
     */
    public function ask(string $path, ?array $body = null): array
    {
        $stream = $this->open($path, $body);
        stream_set_timeout($stream, 60);
        [$head, $body] = explode("\r\n\r\n", (string) stream_get_contents($stream), 2) + ['', ''];
        $lines = explode("\r\n", $head);
        $headers = [];
        foreach (array_slice($lines, 1) as $line) {
            [$name, $value] = explode(': ', $line, 2);
            $headers[strtolower($name)] = $value;
            if (strtolower($name) === 'set-cookie' && preg_match('/^(\w+)=([^;]*)/', $value, $found) === 1) {
                $this->cookies[$found[1]] = rawurldecode($found[2]);
            }
        }

        return [(int) substr($lines[0], 9, 3), $headers, $body];
    }

    /**
     * Asks, and waits for nothing.
     *
     * @param array<string, mixed>|null $body null for a GET
     *
     * @return resource what the answer comes from
     */
    public function open(string $path, ?array $body = null)
    {
        $stream = stream_socket_client(str_replace('http:', 'tcp:', $this->url), $code, $message, 5.0);
        if ($stream === false) {
            throw new \RuntimeException("no connection: $message");
        }
        $text = $body === null ? '' : json_encode($body, JSON_THROW_ON_ERROR);
        $cookies = implode('; ', array_map(static fn (string $name, string $value): string => "$name=" . rawurlencode($value), array_keys($this->cookies), $this->cookies));
        // In HTTP/1.0 no answer is in chunks.
        fwrite($stream, ($body === null ? 'GET' : 'POST') . " /$path HTTP/1.0\r\nHost: 127.0.0.1\r\nCookie: $cookies\r\nX-Csrf-Token: $this->token\r\n"
            . "Content-Type: application/json\r\nContent-Length: " . strlen($text) . "\r\n\r\n$text");

        return $stream;
    }

    /** Everything that the servers wrote. */
    public function log(): string
    {
        return implode('', array_map(fn (string $name): string => (string) @file_get_contents("$this->directory/$name.log"), ['error', 'out', 'nginx']));
    }

    /** @param array<string, string> $settings */
    private function startFpm(int $workers, array $settings): void
    {
        $config = "[global]\nerror_log = $this->directory/error.log\ndaemonize = no\n[www]\nlisten = $this->directory/fpm.sock\n"
            . "pm = static\npm.max_children = $workers\ncatch_workers_output = yes\ndecorate_workers_output = no\n"
            . "php_admin_value[upload_max_filesize] = 12M\nphp_admin_value[post_max_size] = 64M\n";
        if (posix_geteuid() === 0) {
            $config .= "user = root\ngroup = root\n";
        }
        foreach ($settings as $name => $value) {
            $config .= "env[MJ_STUDIO_$name] = \"$value\"\n";
        }
        $ini = $this->simulator->ini($this->config + ['gateway' => 'both', 'state_dir' => "$this->directory/state", 'shutdown_grace' => '1']);
        foreach ($ini as $name => $value) {
            $config .= "php_admin_value[$name] = \"$value\"\n";
        }
        file_put_contents("$this->directory/fpm.conf", $config);
        $this->start([Fpm::binary(), '-n', '-R', '-F', '-y', "$this->directory/fpm.conf", '-d', 'extension=' . Extension::path()]);
        Until::true(fn (): bool => str_contains($this->log(), 'ready to handle'), 60.0, fn (): string => $this->log());
    }

    private function startsNginx(): bool
    {
        $root = dirname(__DIR__, 2) . '/php/studio';
        $free = stream_socket_server('tcp://127.0.0.1:0');
        $address = $free === false ? '' : (string) stream_socket_get_name($free, false);
        unset($free);
        $text = (string) file_get_contents("$root/nginx.conf");
        $places = [
            '~listen 443 ssl;~' => "listen $address;",
            '~\n +ssl_certificate\w* [^;]+;~' => '',
            '~include (fastcgi_params|mime\.types);~' => 'include /etc/nginx/$1;',
            '~/srv/mj/php/studio/public~' => "$root/public",
            '~/run/php/php-fpm\.sock~' => "$this->directory/fpm.sock",
        ];
        foreach ($places as $place => $replacement) {
            $text = (string) preg_replace($place, $replacement, $text, -1, $count);
            if ($count === 0) {
                throw new \RuntimeException("php/studio/nginx.conf lacks $place");
            }
        }
        $frame = (posix_geteuid() === 0 ? 'user root; ' : '') . "daemon off; worker_processes 1; pid $this->directory/nginx.pid;\n"
            . "events { worker_connections 256; }\nhttp { access_log off;\n";
        foreach (['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'] as $kind) {
            $frame .= "{$kind}_temp_path $this->directory/$kind;\n";
        }
        file_put_contents("$this->directory/nginx.conf", "$frame$text}\n");
        $process = $this->start([(string) Nginx::binary(), '-c', "$this->directory/nginx.conf", '-e', "$this->directory/nginx.log"]);
        Until::true(fn (): bool => is_file("$this->directory/nginx.pid") || !proc_get_status($process)['running'], 60.0);
        $this->url = "http://$address";

        return is_file("$this->directory/nginx.pid");
    }

    /**
     * @param list<string> $command
     *
     * @return resource
     */
    private function start(array $command)
    {
        $log = ['file', "$this->directory/out.log", 'a'];

        return $this->processes[] = proc_open($command, [['file', '/dev/null', 'r'], $log, $log], $pipes, $this->directory);
    }
}
