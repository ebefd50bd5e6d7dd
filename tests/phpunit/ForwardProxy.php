<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

use Mj\Tests\Process\Until;

/** An HTTP or SOCKS5 proxy that asks for a password and leads every name to this machine, as a process of its own. */
final class ForwardProxy
{
    public int $port;

    /** @var resource */
    private $process;

    private string $log;

    /** @param 'http'|'socks5h' $kind */
    public function __construct(private string $kind)
    {
        $this->log = tempnam(sys_get_temp_dir(), 'mj-proxy-');
        $this->process = proc_open([PHP_BINARY, '-n', __DIR__ . '/forward_proxy.php', $kind, $this->log], [['file', '/dev/null', 'r'], ['pipe', 'w'], STDERR], $pipes);
        $this->port = (int) fgets($pipes[1]);
        Until::true(fn () => $this->port > 0, 60.0);
    }

    public function __destruct()
    {
        proc_terminate($this->process, SIGKILL);
        proc_close($this->process);
        unlink($this->log);
    }

    /** Its address, with a login that it knows unless another is given. */
    public function url(string $login = 'fox:red%20den@', ?string $kind = null): string
    {
        return ($kind ?? $this->kind) . "://{$login}127.0.0.1:{$this->port}";
    }

    /** @return list<string> the names and ports that it was asked for, each once */
    public function targets(): array
    {
        $targets = array_unique(file($this->log, FILE_IGNORE_NEW_LINES));
        sort($targets);

        return $targets;
    }
}
