<?php

declare(strict_types=1);

namespace Mj\Internal;

/**
 * The functions of the extension, on the hub of one configuration.
 *
 * The extension has one configuration for each process, which other clients, and whoever calls `mj_configure()`, set as
 * well. So each client sets its own before it calls; that costs some microseconds when it was set already.
 *
 * @internal
 */
final class Extension implements Functions
{
    /** @param array<string, mixed>|null $config for `mj_configure()`; null takes the hub as it is */
    public function __construct(#[\SensitiveParameter] private ?array $config)
    {
        $this->configure();
    }

    /** @return array<string, string> without the tokens */
    public function __debugInfo(): array
    {
        return ['config' => $this->config === null ? 'as it is' : 'set, hidden'];
    }

    /**
     * @return array{}
     *
     * @throws \Error always: it has tokens, and a process is configured by what it is given itself
     */
    public function __serialize(): array
    {
        throw new \Error('a client of the extension mj cannot be serialized');
    }

    public function imagine(string $prompt, #[\SensitiveParameter] array $options): string
    {
        $this->configure();

        /** @var MjImagineOptions $options as the extension will see for itself */
        return mj_imagine($prompt, $options);
    }

    public function describe(string $image, #[\SensitiveParameter] array $options): string
    {
        $this->configure();

        /** @var MjDescribeOptions $options as the extension will see for itself */
        return mj_describe($image, $options);
    }

    public function blend(array $images, #[\SensitiveParameter] array $options): string
    {
        $this->configure();

        /** @var MjBlendOptions $options as the extension will see for itself */
        return mj_blend($images, $options);
    }

    public function shorten(string $prompt, #[\SensitiveParameter] array $options): string
    {
        $this->configure();

        /** @var MjShortenOptions $options as the extension will see for itself */
        return mj_shorten($prompt, $options);
    }

    public function show(string $jobId, #[\SensitiveParameter] array $options): string
    {
        $this->configure();

        /** @var MjShowOptions $options as the extension will see for itself */
        return mj_show($jobId, $options);
    }

    public function command(string $name, array $arguments, #[\SensitiveParameter] array $options): string
    {
        $this->configure();

        /** @var MjCommandOptions $options as the extension will see for itself */
        return mj_command($name, $arguments, $options);
    }

    public function action(string $taskId, string $action, #[\SensitiveParameter] array $options): string
    {
        $this->configure();

        /** @var MjActionOptions $options as the extension will see for itself */
        return mj_action($taskId, $action, $options);
    }

    public function submitted(string $taskId): ?array
    {
        return mj_poll($taskId);
    }

    public function poll(string $taskId): ?array
    {
        $this->configure();

        return mj_poll($taskId);
    }

    public function pollMany(array $taskIds): array
    {
        $this->configure();

        return mj_poll_many($taskIds);
    }

    public function wait(string $taskId, float $timeout): array
    {
        $this->configure();

        return mj_wait($taskId, $timeout);
    }

    public function tasks(array $filter, int $limit, ?string $cursor): array
    {
        $this->configure();

        /** @var MjTasksFilter $filter as the extension will see for itself */
        return mj_tasks($filter, $limit, $cursor);
    }

    public function events(string $consumer, int $limit, float $wait): array
    {
        $this->configure();

        return mj_events($consumer, $limit, $wait);
    }

    public function watch()
    {
        $this->configure();

        return mj_watch();
    }

    public function ack(string $consumer, int $cursor): void
    {
        $this->configure();
        mj_ack($consumer, $cursor);
    }

    public function cancel(string $taskId): bool
    {
        $this->configure();

        return mj_cancel($taskId);
    }

    public function download(string $taskId, string $directory, #[\SensitiveParameter] array $options): array
    {
        $this->configure();

        /** @var MjDownloadOptions $options as the extension will see for itself */
        return mj_download($taskId, $directory, $options);
    }

    public function imageUrl(string $url): string
    {
        $this->configure();

        return mj_image_url($url);
    }

    public function status(): array
    {
        $this->configure();

        return mj_status();
    }

    public function metrics(): string
    {
        $this->configure();

        return mj_metrics();
    }

    public function doctor(#[\SensitiveParameter] array $options): array
    {
        // Settings that cannot be used are a finding here, and nothing that is thrown.
        $options += $this->config === null ? [] : ['config' => $this->config];
        /** @var MjDoctorOptions $options as the extension will see for itself */
        $report = mj_doctor($options);
        assert(is_array($report));

        return $report;
    }

    public function now(): float
    {
        return hrtime(true) / 1e9;
    }

    /** Keeps this process as an owner. */
    public function serve(float $seconds): void
    {
        $this->configure();
        mj_serve($seconds);
    }

    private function configure(): void
    {
        if ($this->config !== null) {
            /** @var MjConfigureConfig $config as the extension will see for itself */
            $config = $this->config;
            mj_configure($config);
        }
    }
}
