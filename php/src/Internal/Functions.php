<?php

declare(strict_types=1);

namespace Mj\Internal;

/**
 * What the typed client is built on: the extension's functions, or what stands in for them.
 *
 * @internal
 */
interface Functions
{
    /** @param array<string, mixed> $options */
    public function imagine(string $prompt, #[\SensitiveParameter] array $options): string;

    /** @param array<string, mixed> $options */
    public function describe(string $image, #[\SensitiveParameter] array $options): string;

    /**
     * @param array<string>        $images
     * @param array<string, mixed> $options
     */
    public function blend(array $images, #[\SensitiveParameter] array $options): string;

    /** @param array<string, mixed> $options */
    public function shorten(string $prompt, #[\SensitiveParameter] array $options): string;

    /** @param array<string, mixed> $options */
    public function show(string $jobId, #[\SensitiveParameter] array $options): string;

    /**
     * @param list<string>         $arguments
     * @param array<string, mixed> $options
     */
    public function command(string $name, array $arguments, #[\SensitiveParameter] array $options): string;

    /** @param array<string, mixed> $options */
    public function action(string $taskId, string $action, #[\SensitiveParameter] array $options): string;

    /**
     * The look that ends a submission.
     *
     * @return MjTask|null
     */
    public function submitted(string $taskId): ?array;

    /** @return MjTask|null */
    public function poll(string $taskId): ?array;

    /**
     * @param list<string> $taskIds
     *
     * @return array<string, MjTask|null>
     */
    public function pollMany(array $taskIds): array;

    /** @return MjTask */
    public function wait(string $taskId, float $timeout): array;

    /**
     * @param array<string, mixed> $filter
     *
     * @return array{tasks: list<MjTask>, cursor: ?string}
     */
    public function tasks(array $filter, int $limit, ?string $cursor): array;

    /** @return list<array{cursor: int, task: MjTask}> */
    public function events(string $consumer, int $limit, float $wait): array;

    /** @return resource */
    public function watch();

    public function ack(string $consumer, int $cursor): void;

    public function cancel(string $taskId): bool;

    /**
     * @param array<string, mixed> $options
     *
     * @return list<string>
     */
    public function download(string $taskId, string $directory, #[\SensitiveParameter] array $options): array;

    public function imageUrl(string $url): string;

    /** @return MjStatus */
    public function status(): array;

    public function metrics(): string;

    /**
     * @param array<string, mixed> $options
     *
     * @return MjReport
     */
    public function doctor(#[\SensitiveParameter] array $options): array;

    /** Seconds on the clock by which it waits; only differences mean something. */
    public function now(): float;
}
