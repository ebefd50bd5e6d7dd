<?php

declare(strict_types=1);

namespace Mj\Tests\Faults;

use Mj\Tests\Process\Cli;
use Mj\Tests\Process\Simulator;
use Mj\Tests\Process\StateDirectory;
use Mj\Tests\Process\Until;
use Mj\Tests\Simulator\Caller;
use Mj\Tests\Simulator\Png;

/**
 * One fault on the way to one of Discord's hosts: a simulator, the proxy before that host, an owner, a caller; the fault
 * begins, a task meets it, the fault ends. What is seen goes out as JSON.
 */
final class Cell
{
    /** How long one is waited for at most, in seconds. */
    private const PATIENCE = 100.0;

    /** How long a fault lasts that says all at once, in seconds. */
    private const WINDOW = 9.0;

    /** Those that are noticed by a time-out last longer. */
    private const WINDOWS = ['black_hole' => 14.0, 'silent' => 34.0, 'slow_loris' => 34.0];

    /** Without its events, a task's picture is found by reading the channel now and then. */
    private const GATEWAY_WINDOW = 40.0;

    private Simulator $simulator;

    private Proxy $proxy;

    private StateDirectory $state;

    private Cli $owner;

    private Caller $caller;

    /** @var array<string, mixed> */
    private array $config;

    public function __construct(private string $target, private string $fault)
    {
        $this->simulator = new Simulator(['--speed', '20', '--discord-hosts', '--config', json_encode([
            'rate_limits' => false, 'heartbeat_interval' => 4_000,
        ], JSON_THROW_ON_ERROR)]);
        $this->proxy = new Proxy((string) parse_url($this->simulator->says['api_url'], PHP_URL_HOST) . ':'
            . parse_url($this->simulator->says['api_url'], PHP_URL_PORT));
        $this->state = new StateDirectory();
        mkdir($this->state->path . '/archive');
        $this->config = $this->simulator->config([
            'ca_file' => $this->proxy->caFile, 'timeout' => 150, 'spacing' => '10ms',
            $target . '_url' => $this->address("127.0.0.1:{$this->proxy->port}"),
        ] + ($target === 'cdn' ? ['archive' => $this->state->path . '/archive'] : []));
        $ini = ['mj.state_dir' => $this->state->path, 'mj.shutdown_grace' => '1'];
        if (getenv('MJ_FAULTS_LOG') !== false) {
            $ini += ['mj.log' => getenv('MJ_FAULTS_LOG') . "/$target-$fault.log", 'mj.log_level' => 'debug'];
        }
        $this->owner = new Cli('mj_configure($data); echo "ready\n"; mj_serve(600);', $ini, $this->config);
        if ($this->owner->line() !== 'ready') {
            throw new \RuntimeException('the owner did not start: ' . implode($this->owner->wait(5.0)));
        }
        $this->caller = new Caller($ini, $this->config);
        // Before it is asked for a picture: it would own the hub itself.
        Until::true(fn (): bool => $this->isOwned(), self::PATIENCE);
    }

    /** @return array<string, mixed> */
    public function play(): array
    {
        $warm = $this->ended($this->call('mj_imagine', 'a quiet harbour'), self::PATIENCE);
        $this->mustSucceed($warm, 'before the fault');
        $this->mustOwn();
        if ($this->target === 'cdn') {
            // The fault is to meet the next picture only.
            Until::true(fn () => $this->ended($warm['id'], 0.0)['images'][0]['file'] !== null, self::PATIENCE);
        }
        $usage = [new Usage($this->owner->pid()), new Usage($this->caller->pid())];
        $this->begin();
        $seen = match ($this->target) {
            'cdn' => $this->fetch(),
            'upload' => $this->watch($this->call('mj_describe', $this->picture())),
            default => $this->watch($this->call('mj_imagine', 'a lighthouse in a storm')),
        };
        $seen['status'] = $this->status();
        foreach (['owner', 'caller'] as $at => $whose) {
            $seen[$whose] = ['growth' => $usage[$at]->growth(), 'load' => $usage[$at]->load()];
        }
        $seen['met'] = $this->end();
        $ended = microtime(true);
        $seen += match ($this->target) {
            'cdn' => $this->fetchAgain($seen['task']),
            'upload' => $this->recover($seen['task'], fn () => $this->call('mj_describe', $this->picture())),
            default => $this->recover($seen['task'], fn () => $this->call('mj_imagine', 'a lighthouse in the sun')),
        };
        $seen['seconds'] = microtime(true) - $ended;
        $seen['after'] = $this->status();
        $seen['sent'] = $this->sent();

        return $seen;
    }

    private function begin(): void
    {
        if ($this->fault === 'dns') {
            $this->configure($this->address('discord-proxy.invalid'));
        } else {
            $this->proxy->set($this->fault);
        }
    }

    private function end(): int
    {
        if ($this->fault === 'dns') {
            $this->configure($this->address("127.0.0.1:{$this->proxy->port}"));
        }

        return $this->proxy->set(null);
    }

    private function configure(string $address): void
    {
        $this->config["{$this->target}_url"] = $address;
        $this->caller->run('mj_configure($data); return null;', $this->config);
    }

    private function address(string $host): string
    {
        return ($this->target === 'gateway' ? 'wss://' : 'https://') . $host;
    }

    /**
     * Looks on until the task has ended and the trouble is told, at most as long as the fault is to last.
     *
     * @return array<string, mixed>
     */
    private function watch(string $id): array
    {
        $until = microtime(true) + $this->window();
        do {
            $task = $this->ended($id, 0.5);
            usleep(200_000);
            $is_told = ($this->status()['network'][$this->target]['state'] ?? null) === 'failing';
        } while (($task['finished_at'] === null || !$is_told) && microtime(true) < $until);

        return ['task' => $task];
    }

    private function window(): float
    {
        return max(self::WINDOWS[$this->fault] ?? self::WINDOW, $this->target === 'gateway' ? self::GATEWAY_WINDOW : 0.0);
    }

    /**
     * Waits until all is as before: the task's end, or where the fault ended it, the end of the next.
     *
     * @param  array<string, mixed> $task
     * @param  callable(): string   $next submits another
     * @return array<string, mixed>
     */
    private function recover(array $task, callable $next): array
    {
        $account = $this->status();
        if ($account['account'] === 'paused') {
            return ['last' => $task, 'next' => null, 'pause' => $account['until']];
        }
        $last = $this->ended($task['id'], self::PATIENCE);
        $second = null;
        $acted = false;
        if ($task['finished_at'] !== null) {
            if ($account['account'] === 'disabled') {
                // What a person is asked to do: the account is configured anew.
                $acted = true;
                $this->config['concurrency'] = 2;
                $this->caller->run('mj_configure($data); return null;', $this->config);
                Until::true(fn () => $this->status()['account'] === 'usable', self::PATIENCE);
            }
            $second = $this->ended($next(), self::PATIENCE);
        }
        if ($this->target === 'gateway') {
            Until::true(fn () => [$this->status()['bot'], $this->status()['user']] === ['live', 'live'], self::PATIENCE);
        }

        return ['last' => $last, 'next' => $second, 'acted' => $acted];
    }

    /** @return array<string, mixed> */
    private function fetch(): array
    {
        $directory = $this->state->path . '/pictures';
        mkdir($directory);
        // Another task ends as ever: its picture is not the CDN's affair. The archive wants it.
        $task = $this->ended($this->call('mj_imagine', 'a lighthouse in a storm'), self::PATIENCE);
        $until = microtime(true) + $this->window();
        $saved = $this->download($task['id'], $directory, 60);
        while (($this->status()['network']['cdn']['state'] ?? null) !== 'failing' && microtime(true) < $until) {
            usleep(100_000);
        }

        return ['saved' => $saved, 'left' => count(glob("$directory/*") ?: []), 'task' => $this->ended($task['id'], 0.0)];
    }

    /**
     * @param  array<string, mixed> $task whose picture was to be archived
     * @return array<string, mixed>
     */
    private function fetchAgain(array $task): array
    {
        $directory = $this->state->path . '/pictures';
        $saved = $this->download($task['id'], $directory, 30);
        $files = glob("$directory/*") ?: [];
        $is_right = count($files) === 1 && $this->isRight($task['id'], $files[0]);
        $archived = null;
        $until = microtime(true) + self::PATIENCE;
        while ($archived === null && microtime(true) < $until) {
            usleep(200_000);
            $archived = $this->ended($task['id'], 0.0)['images'][0]['file'];
        }

        return ['again' => $saved, 'is_right' => $is_right, 'last' => $task, 'is_archived' => $archived !== null && $this->isRight($task['id'], $archived)];
    }

    private function download(string $id, string $directory, int $timeout): mixed
    {
        return $this->caller->run(<<<'PHP'
            $began = microtime(true);
            try {
                $files = mj_download($data[0], $data[1], ['timeout' => $data[2]]);
                return ['files' => count($files), 'error' => null, 'seconds' => microtime(true) - $began];
            } catch (Throwable $e) {
                return ['files' => 0, 'error' => $e->getMessage(), 'seconds' => microtime(true) - $began];
            }
            PHP, [$id, $directory, $timeout]);
    }

    private function isRight(string $id, string $file): bool
    {
        $task = $this->call('mj_poll', $id);
        foreach ($this->simulator->jobs() as $job) {
            if ($job['job_id'] === $task['job_id']) {
                return $this->simulator->control('picture', ['path' => $job['picture_path']])['sha256'] === hash_file('sha256', $file);
            }
        }

        return false;
    }

    /** @return array<string, int> how often each prompt, or other command, was accepted */
    private function sent(): array
    {
        $sent = [];
        foreach ($this->simulator->record()['interactions'] as $one) {
            if (!$one['foreign']) {
                $what = ($one['prompt'] ?? '') ?: $one['name'] ?? '?';
                $what = preg_replace('/ --.*/', '', (string) $what);
                $sent[$what] = ($sent[$what] ?? 0) + 1;
            }
        }

        return $sent;
    }

    /** @return array<string, mixed> what an operator looks at */
    private function status(): array
    {
        $status = $this->call('mj_status');
        $gateway = $status['gateway'];
        $account = $status['accounts'][0];

        return [
            'network' => $status['network'] ?? null,
            'bot' => $gateway['bot']['state'] ?? null,
            'user' => $gateway['user']['state'] ?? null,
            'account' => $account['state'],
            'code' => $account['code'],
            'reason' => $account['reason'],
            'until' => $account['until'] === null ? null : (int) round($account['until'] / 1000 - microtime(true)),
            'in_doubt' => $status['queue']['in_doubt'],
        ];
    }

    /** @return array<string, mixed> */
    private function ended(string $id, float $seconds): array
    {
        $until = microtime(true) + $seconds;
        do {
            $task = $this->call('mj_wait', $id, max(0.0, min(5.0, $until - microtime(true))));
        } while ($task['finished_at'] === null && microtime(true) < $until);

        return array_intersect_key($task, array_flip(['id', 'status', 'stage', 'finished_at', 'fail_code', 'fail_reason', 'retryable', 'job_id', 'late', 'images']));
    }

    /** What the owner's process takes is measured, so it must be the owner. */
    private function mustOwn(): void
    {
        if (!$this->isOwned()) {
            throw new \RuntimeException('another process owns the hub: ' . json_encode($this->call('mj_status')['owner']));
        }
    }

    private function isOwned(): bool
    {
        return ($this->call('mj_status')['owner']['pid'] ?? null) === $this->owner->pid();
    }

    /** @param array<string, mixed> $task */
    private function mustSucceed(array $task, string $when): void
    {
        if ($task['status'] !== 'SUCCESS') {
            throw new \RuntimeException("$when: " . json_encode($task));
        }
    }

    private function picture(): string
    {
        $file = $this->state->path . '/picture.png';
        if (!is_file($file)) {
            file_put_contents($file, Png::coloured(7));
        }

        return $file;
    }

    private function call(string $function, mixed ...$arguments): mixed
    {
        return $this->caller->run('return $data[0](...$data[1]);', [$function, $arguments]);
    }
}
