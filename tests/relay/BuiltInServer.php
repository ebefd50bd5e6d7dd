<?php

declare(strict_types=1);

namespace Mj\Tests\Relay;

use Mj\Tests\Process\Until;

/** The front controller under `php -S`, as the README starts it. */
final class BuiltInServer
{
    public string $url;

    /** @var resource */
    private $process;

    private string $log;

    /**
     * @param array<string, string> $ini
     * @param array<string, string> $environment
     */
    public function __construct(array $ini, array $environment)
    {
        $this->log = tempnam(sys_get_temp_dir(), 'mj-server');
        $server = stream_socket_server('tcp://127.0.0.1:0');
        $address = stream_socket_get_name($server, false);
        fclose($server);
        // Its workers outlive it, unless they are ended as a group.
        $command = ['setsid', PHP_BINARY, '-n'];
        foreach ($ini as $name => $value) {
            array_push($command, '-d', "$name=$value");
        }
        array_push($command, '-S', $address, dirname(__DIR__, 2) . '/php/http/index.php');
        $log = ['file', $this->log, 'a'];
        $environment += ['PHP_CLI_SERVER_WORKERS' => '3'] + getenv();
        $this->process = proc_open($command, [['file', '/dev/null', 'r'], $log, $log], $pipes, null, $environment);
        Until::true(static fn() => @stream_socket_client("tcp://$address") !== false, 60.0, fn() => (string) file_get_contents($this->log));
        $this->url = "http://$address";
    }

    public function __destruct()
    {
        $group = -proc_get_status($this->process)['pid'];
        posix_kill($group, SIGKILL);
        proc_close($this->process);
        Until::true(static fn() => !posix_kill($group, 0), 60.0);
        unlink($this->log);
    }

    /** @param array<string, mixed>|null $body */
    public function ask(string $path, ?array $body = null): Answer
    {
        $context = stream_context_create(['http' => [
            'method' => $body === null ? 'GET' : 'POST',
            'header' => "mj-api-secret: the-right-secret\r\nContent-Type: application/json",
            'content' => $body === null ? '' : json_encode($body, JSON_THROW_ON_ERROR),
            'ignore_errors' => true,
            'timeout' => 30,
        ]]);
        $text = (string) file_get_contents($this->url . $path, false, $context);

        return new Answer((int) substr($http_response_header[0], 9, 3), [], $text);
    }
}
