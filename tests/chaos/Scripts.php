<?php

declare(strict_types=1);

namespace Mj\Tests\Chaos;

use Mj\Tests\Process\Lost;

/**
 * Command-line processes: each submission is a script of its own, a child that a script forks, or one more call of a
 * script that loops; beside them live scripts that serve and scripts that wait.
 */
final class Scripts implements Site
{
    /** Of this many short scripts one is killed on its way. */
    private const KILLED = 12;

    /** As many short scripts may be on their way out: they hand their tasks over. */
    private const ENDING = 24;

    /** How many short scripts were killed. */
    public int $killed = 0;

    /** @var array<string, Script> long-lived ones by their names */
    private array $long = [];

    /** @var list<Script> short ones, the oldest first */
    private array $short = [];

    /**
     * @param array<string, string> $ini    `mj.*` settings
     * @param array<string, mixed>  $config for `mj_configure()`
     */
    public function __construct(private array $ini, private array $config)
    {
    }

    public function calls(array $calls, float $timeout = 30.0): array
    {
        $this->keepAlive();
        $this->short = array_slice(array_filter($this->short, static fn (Script $script) => $script->isRunning()), -self::ENDING);
        $asked = [];
        foreach ($calls as $key => $call) {
            // `configured` and `tried` are what script.php does anyway.
            $line = [$call[3], $call[1], ...array_slice($call, 4)];
            $asked[$key] = match ($call[3] === 'mj_imagine' || $call[3] === 'mj_action' ? mt_rand(0, 3) : 3) {
                0, 1 => $this->short('once', $line),
                2 => $this->short('fork', $line),
                3 => $this->long["loop-" . mt_rand(0, 1)]->ask($line),
            };
        }
        $until = microtime(true) + $timeout;
        $answers = [];
        // Those that loop answer in the order in which they were asked.
        foreach ($asked as $key => $script) {
            $line = $script->line(max(0.01, $until - microtime(true)));
            $answers[$key] = $line === null ? new Lost('no answer') : json_decode($line, true);
        }
        foreach ($this->long as $name => $script) {
            if (!$script->isInStep()) {
                unset($this->long[$name]);
            }
        }

        return $answers;
    }

    public function workerPids(): array
    {
        $this->keepAlive();

        return array_values(array_map(static fn (Script $script) => $script->pid(), $this->long));
    }

    private function keepAlive(): void
    {
        foreach (['loop-0' => 'loop', 'loop-1' => 'loop', 'serve-0' => 'serve', 'serve-1' => 'serve', 'wait-0' => 'wait', 'wait-1' => 'wait'] as $name => $mode) {
            if (!isset($this->long[$name]) || !$this->long[$name]->isRunning()) {
                $this->long[$name] = new Script($mode, $this->ini, $mode === 'loop' ? null : $this->config);
            }
        }
    }

    /** @param list<mixed> $line */
    private function short(string $mode, array $line): Script
    {
        $this->short[] = $script = (new Script($mode, $this->ini))->ask($line);
        if (mt_rand(1, self::KILLED) === 1) {
            ++$this->killed;
            Later::signal($script->pid(), SIGKILL, mt_rand(10, 250));
        }

        return $script;
    }
}
