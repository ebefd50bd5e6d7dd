<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

use Mj\Tests\Process\Extension;
use Mj\Tests\Process\Simulator;
use Mj\Tests\Process\StateDirectory;
use PHPUnit\Framework\TestCase;

/** The engine's threads stay away from libc's resolver, environment and time zones: PHP forks and writes beside them. */
final class ThreadsTest extends TestCase
{
    public function testThreadsNeverCallResolverEnvironmentOrTimeZones(): void
    {
        $simulator = new Simulator(['--speed', '50']);
        $state = new StateDirectory();
        $library = $state->path . '/thread_calls.so';
        exec('cc -shared -fPIC -O1 -o ' . escapeshellarg($library) . ' ' . escapeshellarg(__DIR__ . '/thread_calls.c') . ' -ldl 2>&1', $output, $code);
        self::assertSame(0, $code, implode("\n", $output));

        // It sees who does.
        $python = 'import socket, threading; t = threading.Thread(target=lambda: socket.getaddrinfo("localhost", 80)); t.start(); t.join()';
        exec('LD_PRELOAD=' . escapeshellarg($library) . ' python3 -c ' . escapeshellarg($python) . ' 2>&1', $seen);
        self::assertStringContainsString('thread-call getaddrinfo(localhost)', implode("\n", $seen));

        // A name instead of an address, so that something has to be resolved.
        $config = array_map(
            static fn (mixed $value) => is_string($value) ? str_replace('//127.0.0.1:', '//localhost:', $value) : $value,
            $simulator->config(['gateway' => 'both']),
        );
        $script = <<<'PHP'
            mj_configure(json_decode($argv[1], true));
            $task = mj_wait(mj_imagine('a picture by name'), 60.0);
            mj_download($task['id'], $argv[2]);
            mj_doctor();
            echo $task['status'], $task['fail_reason'];
            PHP;
        $process = proc_open(
            [PHP_BINARY, '-n', '-d', 'extension=' . Extension::path(), '-d', "mj.state_dir={$state->path}/state", '-r', $script, '--', json_encode($config), $state->path],
            [1 => ['pipe', 'w'], 2 => ['file', $state->path . '/calls', 'w']],
            $pipes,
            null,
            ['LD_PRELOAD' => $library, 'PATH' => getenv('PATH')],
        );
        $out = stream_get_contents($pipes[1]);
        self::assertSame(0, proc_close($process));

        self::assertSame('SUCCESS', $out);
        self::assertSame('', file_get_contents($state->path . '/calls'));
    }
}
