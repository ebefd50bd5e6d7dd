<?php

declare(strict_types=1);

namespace Mj\Tests\Faults;

/** The reverse proxy that fails on command. MJ_FAULT_PROXY names its binary. */
final class Proxy
{
    public int $port;

    public string $caFile;

    /** @var resource */
    private $process;

    /** @var array<int, resource> */
    private array $pipes = [];

    /** @param string $upstream address and port of the simulator */
    public function __construct(string $upstream)
    {
        $binary = getenv('MJ_FAULT_PROXY');
        if ($binary === false || !is_executable($binary)) {
            throw new \RuntimeException('MJ_FAULT_PROXY must name mj-fault-proxy; `make faults` sets it');
        }
        $this->caFile = tempnam(sys_get_temp_dir(), 'mj-faults-ca-');
        $this->process = proc_open([$binary, $upstream, $this->caFile], [['pipe', 'r'], ['pipe', 'w'], STDERR], $this->pipes);
        $this->port = $this->answer()['port'];
    }

    public function __destruct()
    {
        proc_terminate($this->process, SIGKILL);
        proc_close($this->process);
        unlink($this->caFile);
    }

    /**
     * Begins a fault, or ends the one that is.
     *
     * @return int connections accepted since the last call
     */
    public function set(?string $fault): int
    {
        fwrite($this->pipes[0], json_encode(['fault' => $fault], JSON_THROW_ON_ERROR) . "\n");

        return $this->answer()['accepted'];
    }

    /** @return array<string, int> */
    private function answer(): array
    {
        $line = fgets($this->pipes[1]);
        if ($line === false) {
            throw new \RuntimeException('the fault proxy is gone');
        }

        return json_decode($line, true, 4, JSON_THROW_ON_ERROR);
    }
}
