<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

use Mj\Tests\Process\Cli;

/** One PHP process that stays and runs what it is given, so that many calls do not each begin a process. */
final class Caller
{
    /** Reads a line of JSON, runs its code, answers with a line of JSON. */
    private const LOOP = <<<'PHP'
        $socket = stream_socket_client($data["socket"]);
        mj_configure($data["config"]);
        while (($line = fgets($socket)) !== false) {
            [$code, $given] = json_decode($line, true);
            try {
                $answer = ["value" => eval("return (static function (\$data) { $code })(\$given);")];
            } catch (Throwable $e) {
                $answer = ["thrown" => get_class($e) . ": " . $e->getMessage()];
            }
            fwrite($socket, json_encode($answer, JSON_THROW_ON_ERROR | JSON_PRESERVE_ZERO_FRACTION) . "\n");
        }
        PHP;

    private Cli $process;

    /** @var resource */
    private $socket;

    /**
     * @param array<string, string> $ini
     * @param array<string, mixed>  $config for `mj_configure()`
     */
    public function __construct(array $ini, array $config)
    {
        $server = stream_socket_server('tcp://127.0.0.1:0');
        $address = 'tcp://' . stream_socket_get_name($server, false);
        $this->process = new Cli(self::LOOP, $ini, ['socket' => $address, 'config' => $config]);
        $socket = stream_socket_accept($server, 30.0);
        if ($socket === false) {
            throw new \RuntimeException('the calling process did not start: ' . implode($this->process->wait(5.0)));
        }
        stream_set_timeout($socket, 120);
        $this->socket = $socket;
    }

    public function pid(): int
    {
        return $this->process->pid();
    }

    /** Runs $code with `$data`; gives what it returns. */
    public function run(string $code, mixed $data = null): mixed
    {
        fwrite($this->socket, json_encode([$code, $data], JSON_THROW_ON_ERROR) . "\n");
        $line = fgets($this->socket);
        if ($line === false) {
            throw new \RuntimeException('the calling process is gone: ' . implode($this->process->wait(5.0)));
        }
        $answer = json_decode($line, true, 64, JSON_THROW_ON_ERROR);
        if (isset($answer['thrown'])) {
            throw new \RuntimeException($answer['thrown']);
        }

        return $answer['value'];
    }
}
