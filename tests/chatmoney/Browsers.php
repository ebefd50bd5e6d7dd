<?php

declare(strict_types=1);

namespace Mj\Tests\ChatMoney;

use Mj\Tests\Process\Fpm;
use Mj\Tests\Process\Nginx;
use Mj\Tests\Process\Until;

/** An nginx before the site, and browsers that ask it. */
final class Browsers
{
    private string $directory;

    /** @var resource */
    private $process;

    public function __construct(Fpm $fpm)
    {
        $this->directory = sys_get_temp_dir() . '/mj-front-' . bin2hex(random_bytes(6));
        mkdir($this->directory, 0755);
        $user = posix_geteuid() === 0 ? 'user www-data;' : '';
        file_put_contents("$this->directory/nginx.conf", <<<CONF
            $user
            daemon off;
            pid $this->directory/nginx.pid;
            events {}
            http {
                access_log off;
                client_body_temp_path $this->directory/body;
                fastcgi_temp_path $this->directory/fastcgi;
                proxy_temp_path $this->directory/proxy;
                scgi_temp_path $this->directory/scgi;
                uwsgi_temp_path $this->directory/uwsgi;
                server {
                    listen unix:$this->directory/http;
                    location / {
                        fastcgi_pass unix:{$fpm->socket()};
                        fastcgi_param SCRIPT_FILENAME {$fpm->script()};
                        fastcgi_param REQUEST_METHOD \$request_method;
                        fastcgi_param REQUEST_URI \$request_uri;
                        fastcgi_param CONTENT_TYPE \$content_type;
                        fastcgi_param CONTENT_LENGTH \$content_length;
                        fastcgi_read_timeout 100s;
                    }
                }
            }
            CONF);
        $log = ['file', "$this->directory/out.log", 'a'];
        $command = [(string) Nginx::binary(), '-p', $this->directory, '-c', "$this->directory/nginx.conf", '-e', "$this->directory/error.log"];
        $this->process = proc_open($command, [['file', '/dev/null', 'r'], $log, $log], $pipes);
        Until::true(fn (): bool => is_file("$this->directory/nginx.pid"), 60.0, fn (): string => 'nginx did not start: ' . file_get_contents("$this->directory/out.log"));
    }

    public function __destruct()
    {
        proc_terminate($this->process, SIGTERM);
        proc_close($this->process);
        exec('rm -rf ' . escapeshellarg($this->directory));
    }

    /**
     * Calls methods of the site, all at once.
     *
     * @param list<list<mixed>> $calls a method and its arguments each
     *
     * @return list<mixed> results; null where there was none, as from a worker that was killed
     */
    public function calls(array $calls, float $timeout = 30.0): array
    {
        $streams = $answers = [];
        foreach ($calls as $number => $call) {
            $body = json_encode(['function' => $call[0], 'arguments' => array_slice($call, 1)], JSON_THROW_ON_ERROR);
            $streams[$number] = stream_socket_client("unix://$this->directory/http");
            fwrite($streams[$number], "POST / HTTP/1.0\r\nHost: site\r\nContent-Type: application/json\r\nContent-Length: " . strlen($body) . "\r\n\r\n$body");
            stream_set_blocking($streams[$number], false);
            $answers[$number] = '';
        }
        for ($until = microtime(true) + $timeout; $streams !== [] && microtime(true) < $until;) {
            $read = $streams;
            $write = $except = null;
            stream_select($read, $write, $except, 1);
            foreach (array_keys($read) as $number) {
                $chunk = (string) fread($streams[$number], 65536);
                $answers[$number] .= $chunk;
                if ($chunk === '' && feof($streams[$number])) {
                    unset($streams[$number]);
                }
            }
        }

        return array_map(static fn (string $answer): mixed => self::result($answer), $answers);
    }

    private static function result(string $answer): mixed
    {
        [$head, $body] = explode("\r\n\r\n", $answer, 2) + ['', ''];
        $decoded = str_contains((string) strtok($head, "\r"), ' 200 ') ? json_decode($body, true) : null;
        if (isset($decoded['exception'])) {
            throw new \RuntimeException("{$decoded['exception']}: {$decoded['message']}");
        }

        return $decoded['result'] ?? null;
    }
}
