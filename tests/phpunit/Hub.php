<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

use Mj\Tests\Process\Cli;
use Mj\Tests\Process\Simulator;
use Mj\Tests\Process\StateDirectory;
use Mj\Tests\Process\Until;

/** A simulator, a state directory and a PHP process that stays as owner; calls are made by PHP processes of their own. */
final class Hub
{
    public Simulator $simulator;

    private StateDirectory $state;

    private ?Cli $owner = null;

    private ?Caller $caller = null;

    /** @var array<string, mixed> what `mj_configure()` is given */
    private array $config;

    /**
     * @param array<string, mixed> $settings more for `mj_configure()`
     * @param list<string>|Simulator $options of the simulator's command line, or one that runs already
     * @param bool                 $lasting  calls are made by one process that stays
     */
    public function __construct(
        array $settings = [],
        array|Simulator $options = ['--speed', '50'],
        bool $owned = true,
        private bool $lasting = false,
    ) {
        $this->simulator = $options instanceof Simulator ? $options : new Simulator($options);
        $this->state = new StateDirectory();
        $this->config = $this->simulator->config($settings);
        if ($owned) {
            $this->owner = new Cli('mj_configure($data); echo "ready\n"; mj_serve(300);', $this->ini(), $this->config);
            $this->owner->line();
        }
    }

    public function __destruct()
    {
        // The processes go before the directory and the server that they use, and no heir is left when the owner goes.
        $this->caller = null;
        $this->owner = null;
    }

    /** Runs $code with `$data` in a new PHP process, or in the one that stays; gives what it returns. */
    public function run(string $code, mixed $data = null): mixed
    {
        if ($this->lasting) {
            $this->caller ??= new Caller($this->ini(), $this->config);

            return $this->caller->run($code, $data);
        }
        $wrapped = 'mj_configure($data["config"]); echo json_encode((static function ($data) { '
            . $code . ' })($data["data"]), JSON_THROW_ON_ERROR | JSON_PRESERVE_ZERO_FRACTION);';

        return json_decode(
            Cli::run($wrapped, $this->ini(), ['config' => $this->config, 'data' => $data]),
            true,
            64,
            JSON_THROW_ON_ERROR,
        );
    }

    /**
     * Changes settings; every process after this one has them.
     *
     * @param array<string, mixed> $settings
     */
    public function configure(array $settings): void
    {
        $this->config = $settings + $this->config;
        $this->caller = null;
        $this->run('return null;');
    }

    /** @return array<string, mixed> what `mj_configure()` is given */
    public function config(): array
    {
        return $this->config;
    }

    /** Calls a function of the extension, as `run()` runs code. */
    public function call(string $function, mixed ...$arguments): mixed
    {
        return $this->run('return $data[0](...$data[1]);', [$function, $arguments]);
    }

    /**
     * Waits for the end of a task.
     *
     * @return array<string, mixed>
     */
    public function ended(string $id): array
    {
        return $this->call('mj_wait', $id, 60.0);
    }

    /**
     * Submits a prompt and waits for its picture.
     *
     * @param  array<string, mixed> $options
     * @return array<string, mixed>
     */
    public function picture(string $prompt, array $options = []): array
    {
        return $this->ended($this->call('mj_imagine', $prompt, $options));
    }

    /**
     * Presses a button and waits for its picture.
     *
     * @param  array<string, mixed> $options
     * @return array<string, mixed>
     */
    public function press(string $id, string $action, array $options = []): array
    {
        return $this->ended($this->call('mj_action', $id, $action, $options));
    }

    /**
     * Polls until the task satisfies $condition.
     *
     * @param  callable(array<string, mixed>): bool $condition
     * @return array<string, mixed>
     */
    public function until(string $id, callable $condition): array
    {
        $task = [];
        Until::true(function () use ($id, $condition, &$task): bool {
            $task = $this->call('mj_poll', $id);

            return $condition($task);
        }, 60.0, static fn () => 'the task stayed ' . json_encode($task));

        return $task;
    }

    /**
     * What the simulator knows of the job that made a task's picture, with its `sha256`.
     *
     * @param  array<string, mixed> $task
     * @return array<string, mixed>
     */
    public function job(array $task): array
    {
        foreach ($this->simulator->jobs() as $job) {
            if ($job['job_id'] === $task['job_id']) {
                return $job + $this->simulator->control('picture', ['path' => $job['picture_path']]);
            }
        }
        throw new \RuntimeException("no job {$task['job_id']}");
    }

    /** An empty directory for pictures. */
    public function directory(): string
    {
        $directory = $this->state->path . '/pictures-' . bin2hex(random_bytes(4));
        mkdir($directory);

        return $directory;
    }

    /** @return array<string, string> */
    private function ini(): array
    {
        return ['mj.state_dir' => $this->state->path, 'mj.shutdown_grace' => '1'];
    }
}
