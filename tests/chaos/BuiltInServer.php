<?php

declare(strict_types=1);

namespace Mj\Tests\Chaos;

use Mj\Tests\Process\Extension;
use Mj\Tests\Process\Until;

/** `php -S` with several workers. */
final class BuiltInServer extends HttpSite
{
    /** With fewer processes it is started anew. */
    private const LEAST = 4;

    /** @var list<int> the master and its workers as they were started; each of them serves */
    private array $started = [];

    /** @param array<string, string> $ini `mj.*` settings */
    public function __construct(private array $ini, private int $workers = 8)
    {
        parent::__construct();
        $this->start();
    }

    public function calls(array $calls, float $timeout = 30.0): array
    {
        // Nobody starts its workers anew, and they outlive their master.
        if (count($this->workerPids()) < self::LEAST) {
            $this->stop(SIGKILL);
            $this->start();
        }

        return parent::calls($calls, $timeout);
    }

    public function start(): void
    {
        parent::start();
        Until::true(fn () => count(parent::workerPids()) === $this->workers, 10.0);
        $this->started = [$this->masterPid(), ...parent::workerPids()];
    }

    public function workerPids(): array
    {
        $this->masterPid();

        return array_values(array_filter($this->started, static fn (int $pid) => !in_array(self::state($pid), [null, 'Z'], true)));
    }

    /** The letter of the process's state; null when there is none. */
    private static function state(int $pid): ?string
    {
        return preg_match('/\) (.)/', (string) @file_get_contents("/proc/$pid/stat"), $match) === 1 ? $match[1] : null;
    }

    protected function command(): array
    {
        $command = [PHP_BINARY, '-n', '-d', 'extension=' . Extension::path()];
        foreach ($this->ini as $name => $value) {
            array_push($command, '-d', "$name=\"$value\"");
        }

        return [...$command, '-S', "127.0.0.1:$this->port", '-t', "$this->directory/www"];
    }

    protected function environment(): array
    {
        return ['PHP_CLI_SERVER_WORKERS' => (string) $this->workers] + getenv();
    }
}
