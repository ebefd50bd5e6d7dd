<?php

declare(strict_types=1);

namespace Mj\Tests\Process;

/** The simulator of Discord and Midjourney, on a free port of this machine. MJ_SIMULATOR names its binary. */
final class Simulator
{
    /** @var array<string, mixed> what it printed: addresses, tokens, ids, accounts */
    public array $says;

    /** @var resource */
    private $process;

    /** @param list<string> $options of its command line */
    public function __construct(array $options = [])
    {
        $binary = getenv('MJ_SIMULATOR');
        if ($binary === false || !is_executable($binary)) {
            throw new \RuntimeException('MJ_SIMULATOR must name mj-simulator; `make test` sets it');
        }
        $this->process = proc_open([$binary, '--listen', '127.0.0.1:0', '--seed', '1', ...$options], [1 => ['pipe', 'w'], 2 => STDERR], $pipes);
        $line = fgets($pipes[1]);
        if ($line === false) {
            throw new \RuntimeException('the simulator did not start');
        }
        $this->says = json_decode($line, true, 16, JSON_THROW_ON_ERROR);
    }

    public function __destruct()
    {
        proc_terminate($this->process, SIGKILL);
        proc_close($this->process);
    }

    /**
     * What `mj_configure()` is given to talk to it, with all accounts that it has.
     *
     * @param  array<string, mixed> $more
     * @return array<string, mixed>
     */
    public function config(array $more = []): array
    {
        $says = $this->says;
        $config = [];
        foreach (['user_token', 'bot_token', 'guild_id', 'channel_id', 'api_url', 'gateway_url', 'cdn_url', 'upload_url', 'activity_url'] as $key) {
            $config[$key] = $says[$key];
        }
        foreach (array_slice($says['accounts'], 1) as $number => $account) {
            $config['accounts'][] = ['name' => 'account' . ($number + 1), 'user_token' => $account['user_token']];
        }
        if (($more['gateway'] ?? '') === 'user') {
            unset($config['bot_token']);
        }

        return array_filter($more + $config, static fn (mixed $value) => $value !== null);
    }

    /**
     * The same as ini entries, of the main account only.
     *
     * @param  array<string, string> $more without `mj.`
     * @return array<string, string>
     */
    public function ini(array $more = []): array
    {
        $ini = [];
        foreach (array_diff_key($this->config($more), ['accounts' => 0]) as $key => $value) {
            $ini["mj.$key"] = (string) $value;
        }

        return $ini;
    }

    /** @return list<string> names of the accounts in `config()` */
    public function accountNames(): array
    {
        return array_map(static fn (int $number) => $number === 0 ? 'main' : "account$number", array_keys($this->says['accounts']));
    }

    /** Gives it a command of its control channel. */
    public function control(string $command, array $arguments = []): mixed
    {
        $answer = file_get_contents($this->says['control_url'], false, stream_context_create(['http' => [
            'method' => 'POST',
            'header' => 'Content-Type: application/json',
            'content' => json_encode(['command' => $command] + $arguments, JSON_THROW_ON_ERROR),
            'ignore_errors' => true,
        ], 'ssl' => array_filter(['cafile' => $this->says['ca_file'] ?? null])]));

        return json_decode((string) $answer, true, 64, JSON_THROW_ON_ERROR);
    }

    /** @return array<string, mixed> everything that it saw */
    public function record(): array
    {
        return $this->control('record');
    }

    /** @return list<array<string, mixed>> the jobs that our interactions made */
    public function jobs(): array
    {
        return array_values(array_filter($this->record()['interactions'], static fn (array $one) => !$one['foreign'] && isset($one['job_id'])));
    }

    /**
     * For how long at most two gateway connections were open at once, in milliseconds. The end of a connection is
     * noticed a moment after the beginning of the next, so a handover is not quite 0.
     */
    public function overlap(): int
    {
        $most = $until = 0;
        $record = $this->record();
        foreach ($record['connections'] as $connection) {
            $closed = $connection['closed_at'] ?? $record['now'];
            $most = max($most, min($until, $closed) - $connection['opened_at']);
            $until = max($until, $closed);
        }

        return $most;
    }
}
