<?php

declare(strict_types=1);

namespace Mj\Tests\Console;

use Mj\Tests\Process\Extension;
use Mj\Tests\Process\Simulator;
use Mj\Tests\Process\StateDirectory;

/** `php/bin/mj` as somebody types it: processes of their own, with the extension, before the simulator. */
final class Typed
{
    public Simulator $simulator;

    public string $output = '';

    public string $errors = '';

    private StateDirectory $state;

    /** @param list<string> $options of the simulator's command line */
    public function __construct(array $options = ['--speed', '20'])
    {
        $this->simulator = new Simulator($options);
        $this->state = new StateDirectory();
    }

    /** A directory of its own. */
    public function directory(): string
    {
        return $this->state->path;
    }

    /** Runs it with pipes; gives the exit code. */
    public function pipe(string ...$arguments): int
    {
        return $this->run([...$this->command(), ...$arguments], $this->environment());
    }

    /**
     * Runs it in a terminal.
     *
     * @param list<string>                $arguments
     * @param list<array<string, mixed>>  $steps       of terminal.py
     * @param array<string, string>       $environment
     * @param bool                        $isWhole     the arguments are a whole command
     */
    public function terminal(array $arguments, array $steps = [], array $environment = [], bool $isWhole = false): int
    {
        $asked = json_encode([
            'command' => $isWhole ? $arguments : [...$this->command(), ...$arguments],
            'environment' => $environment + ['TERM' => 'xterm'] + $this->environment(),
            'columns' => 100, 'rows' => 30, 'steps' => $steps, 'seconds' => 60,
        ], JSON_THROW_ON_ERROR);
        $process = proc_open(['python3', __DIR__ . '/terminal.py'], [['pipe', 'r'], ['pipe', 'w'], ['pipe', 'w']], $pipes);
        fwrite($pipes[0], $asked);
        fclose($pipes[0]);
        $answer = (string) stream_get_contents($pipes[1]);
        $errors = (string) stream_get_contents($pipes[2]);
        proc_close($process);
        $said = json_decode($answer, true) ?? throw new \RuntimeException("terminal.py: $answer$errors");
        $this->output = str_replace("\r\n", "\n", (string) base64_decode($said['output'], true));
        if ($said['left'] > 0) {
            throw new \RuntimeException("{$said['left']} steps were not reached: $this->output");
        }
        if ($said['raw']) {
            throw new \RuntimeException('the terminal was left in another mode');
        }

        return $said['exit'];
    }

    /**
     * Runs any program with pipes.
     *
     * @param list<string>          $command
     * @param array<string, string> $environment
     */
    public function run(array $command, array $environment): int
    {
        $process = proc_open($command, [['file', '/dev/null', 'r'], ['pipe', 'w'], ['file', $file = $this->state->path . '/stderr', 'w']], $pipes, null, $environment);
        $this->output = (string) stream_get_contents($pipes[1]);
        $exit = proc_close($process);
        $this->errors = (string) file_get_contents($file);

        return $exit;
    }

    /**
     * Starts it and gives the process.
     *
     * @return array{resource, resource} with its standard output
     */
    public function start(string ...$arguments): array
    {
        $process = proc_open([...$this->command(), ...$arguments], [['file', '/dev/null', 'r'], ['pipe', 'w'], STDERR], $pipes, null, $this->environment());

        return [$process, $pipes[1]];
    }

    /** @return array<string, string> where the simulator stands for Discord */
    public function environment(): array
    {
        $environment = ['PATH' => (string) getenv('PATH'), 'LANG' => 'C.UTF-8', 'MJ_STATE_DIR' => $this->state->path . '/store'];
        @mkdir($this->state->path . '/store', 0700);
        foreach ($this->simulator->config() as $key => $value) {
            $environment['MJ_' . strtoupper($key)] = (string) $value;
        }

        return $environment + (getenv('MJ_SYMFONY') === false ? [] : ['MJ_SYMFONY' => (string) getenv('MJ_SYMFONY')]);
    }

    /** @return list<string> */
    public function command(): array
    {
        $symfony = getenv('MJ_SYMFONY');

        return [
            PHP_BINARY, '-d', 'extension=' . Extension::path(), '-d', 'display_errors=stderr',
            ...($symfony === false ? [] : ['-d', "auto_prepend_file=$symfony"]), dirname(__DIR__, 2) . '/php/bin/mj',
        ];
    }
}
