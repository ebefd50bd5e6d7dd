<?php

declare(strict_types=1);

namespace Mj\Tests\Chaos;

use Mj\Tests\Process\Lost;
use Mj\Tests\Process\Until;

/** A web server of PHP's or with PHP in it, on a free port, that serves `endpoint.php`. */
abstract class HttpSite implements Site
{
    /** What the server runs in and logs to; removed at the end. */
    protected string $directory;

    protected int $port;

    /** @var resource|null */
    protected $process = null;

    public function __construct()
    {
        $this->directory = sys_get_temp_dir() . '/mj-site-' . bin2hex(random_bytes(6));
        mkdir($this->directory, 0755);
        mkdir("$this->directory/www", 0755);
        copy(__DIR__ . '/../process/endpoint.php', "$this->directory/www/endpoint.php");
        $free = stream_socket_server('tcp://127.0.0.1:0');
        $this->port = (int) substr(strrchr(stream_socket_get_name($free, false), ':'), 1);
        fclose($free);
    }

    public function __destruct()
    {
        $this->stop(SIGKILL);
        exec('rm -rf ' . escapeshellarg($this->directory));
    }

    /** @return list<string> the command that starts it in the foreground */
    abstract protected function command(): array;

    /** @return array<string, string>|null its environment; null for ours */
    protected function environment(): ?array
    {
        return null;
    }

    public function start(): void
    {
        $log = ['file', "$this->directory/out.log", 'a'];
        $this->process = proc_open($this->command(), [['file', '/dev/null', 'r'], $log, $log], $pipes, $this->directory, $this->environment());
        Until::true(fn () => @stream_socket_client("tcp://127.0.0.1:$this->port") !== false, 15.0, fn () => 'the server did not start: ' . file_get_contents("$this->directory/out.log"));
    }

    public function masterPid(): int
    {
        return $this->process === null ? 0 : proc_get_status($this->process)['pid'];
    }

    public function workerPids(): array
    {
        $master = $this->masterPid();
        $children = (string) @file_get_contents("/proc/$master/task/$master/children");

        return array_map('intval', preg_split('/ /', $children, -1, PREG_SPLIT_NO_EMPTY));
    }

    public function signal(int $signal): void
    {
        posix_kill($this->masterPid(), $signal);
    }

    /** Ends it and every process of it; what does not end is killed after 5 s. */
    public function stop(int $signal): void
    {
        if ($this->process === null) {
            return;
        }
        $workers = $this->workerPids();
        $this->signal($signal);
        for ($tries = 0; $tries < 500 && proc_get_status($this->process)['running']; ++$tries) {
            usleep(10_000);
        }
        foreach ([$this->masterPid(), ...$workers] as $pid) {
            posix_kill($pid, SIGKILL);
        }
        proc_close($this->process);
        $this->process = null;
    }

    public function calls(array $calls, float $timeout = 30.0): array
    {
        $open = $answers = [];
        foreach ($calls as $key => $call) {
            $answers[$key] = new Lost('nobody listened');
            $stream = @stream_socket_client("tcp://127.0.0.1:$this->port", $code, $message, 2.0);
            if ($stream === false) {
                continue;
            }
            $body = json_encode(['function' => $call[0], 'arguments' => array_slice($call, 1)], JSON_THROW_ON_ERROR);
            @fwrite($stream, "POST /endpoint.php HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: " . strlen($body) . "\r\n\r\n$body");
            stream_set_blocking($stream, false);
            $open[$key] = $stream;
        }
        $texts = array_fill_keys(array_keys($open), '');
        $until = microtime(true) + $timeout;
        while ($open !== [] && ($left = $until - microtime(true)) > 0) {
            $read = $open;
            $write = $except = null;
            if (@stream_select($read, $write, $except, (int) $left, (int) (fmod($left, 1) * 1e6)) === false) {
                break;
            }
            foreach ($read as $key => $stream) {
                $chunk = @fread($stream, 65536);
                $texts[$key] .= $chunk;
                if (($chunk === '' || $chunk === false) && feof($stream)) {
                    fclose($stream);
                    unset($open[$key]);
                    $answers[$key] = self::answer($texts[$key]);
                }
            }
        }
        array_map('fclose', $open);

        return $answers;
    }

    private static function answer(string $text): mixed
    {
        $head = strpos($text, "\r\n\r\n");
        $decoded = $head === false ? null : json_decode(substr($text, $head + 4), true);
        if (!is_array($decoded)) {
            return new Lost('no answer');
        }
        if (isset($decoded['exception'])) {
            throw new \RuntimeException("{$decoded['exception']}: {$decoded['message']}");
        }

        return $decoded['result'];
    }
}
