<?php

declare(strict_types=1);

namespace Mj;

/**
 * Midjourney, as PHP code asks for it: {@see Midjourney} is the real one, {@see Testing\FakeMidjourney} the one for tests.
 *
 * Every submission returns at once; the network is never waited for. Trouble on the network is the task's state, never an
 * exception. Bad arguments are `\ValueError` and `\TypeError`, all else that goes wrong at once is a {@see MjException}.
 * Options are those of the extension's functions; stubs/mj.stub.php has them all.
 *
 * A client *follows* the tasks that it submitted or was asked to wait for: of each change that it sees, by whichever
 * method, it tells its logger, its dispatcher and those who asked by {@see Client::onFinished()}, once. An end is the last
 * that it tells; a picture that is late, after a failure, is in the feed.
 */
interface Client
{
    /**
     * Submits a prompt; of one with permutations or `--repeat` the task is the group.
     *
     * @param array<string, mixed> $options
     */
    public function imagine(string $prompt, #[\SensitiveParameter] array $options = []): Task;

    /**
     * Asks for prompts that fit a picture: `$task->texts`, and buttons that turn them into pictures.
     *
     * @param string               $image   an address, a file, or a `data:` address
     * @param array<string, mixed> $options
     */
    public function describe(string $image, #[\SensitiveParameter] array $options = []): Task;

    /**
     * Blends 2 to 5 pictures into one.
     *
     * @param array<string>        $images  addresses, files, or `data:` addresses
     * @param array<string, mixed> $options
     */
    public function blend(array $images, #[\SensitiveParameter] array $options = []): Task;

    /**
     * Asks for shorter prompts: `$task->texts`, and buttons that turn them into pictures.
     *
     * @param array<string, mixed> $options
     */
    public function shorten(string $prompt, #[\SensitiveParameter] array $options = []): Task;

    /**
     * Brings a job back, with its pictures and live buttons.
     *
     * @param string|Task          $job     Midjourney's id of the job, or a task of it
     * @param array<string, mixed> $options
     */
    public function show(string|Task $job, #[\SensitiveParameter] array $options = []): Task;

    /**
     * Runs a command that makes no picture: `info`, `settings`, `fast`, `relax`, `turbo`, …
     *
     * @param list<string>         $arguments
     * @param array<string, mixed> $options
     */
    public function command(string $name, array $arguments = [], #[\SensitiveParameter] array $options = []): Task;

    /**
     * Presses a button of a finished task, or chooses from one of its menus.
     *
     * @param string|Button        $action  a button, or its name or `custom_id`; {@see Button} has the names
     * @param array<string, mixed> $options
     *
     * @throws ActionUnavailableException when the task does not offer it
     */
    public function action(string|Task $task, string|Button $action, #[\SensitiveParameter] array $options = []): Task;

    /**
     * U1 to U4 of a grid.
     *
     * @param int<1, 4>            $index
     * @param array<string, mixed> $options
     */
    public function upscale(string|Task $task, int $index, #[\SensitiveParameter] array $options = []): Task;

    /**
     * V1 to V4 of a grid.
     *
     * @param int<1, 4>            $index
     * @param array<string, mixed> $options
     */
    public function variation(string|Task $task, int $index, #[\SensitiveParameter] array $options = []): Task;

    /**
     * Another grid for the same prompt.
     *
     * @param array<string, mixed> $options
     */
    public function reroll(string|Task $task, #[\SensitiveParameter] array $options = []): Task;

    /** A task as it is now; null when there is no such task. Never waits. */
    public function poll(string|Task $task): ?Task;

    /**
     * Several tasks in one reading, by id; null for those that do not exist.
     *
     * @param iterable<string|Task> $tasks
     *
     * @return array<string, Task|null>
     */
    public function pollMany(iterable $tasks): array;

    /**
     * Waits until a task has ended, and gives it as it is then, or at the time-out. Pins its process.
     *
     * @param float $timeout seconds, 0 or more; `INF` waits to the end; cut to `mj.max_wait` in a server's worker
     */
    public function wait(string|Task $task, float $timeout = 30.0): Task;

    /**
     * Waits until all of these have ended, and gives them as they are then, or at the time-out.
     *
     * @param iterable<string|Task> $tasks
     * @param float                 $timeout seconds, 0 or more
     *
     * @return array<string, Task> by id
     */
    public function waitMany(iterable $tasks, float $timeout = 30.0): array;

    /**
     * A task as it is, then as it is after each change, until it has ended or time is over; by revision.
     *
     * Between two looks it sleeps for at most a slice, and wakes at once when the task ends; changes within one slice come
     * as one. Works where `wait()` is cut, so a page of Server-Sent Events may be made of it.
     *
     * @param float $timeout seconds, 0 or more
     * @param float $slice   seconds, more than 0
     *
     * @return \Generator<int, Task, mixed, Task> which returns the last one
     */
    public function stream(string|Task $task, float $timeout = INF, float $slice = 0.25): \Generator;

    /**
     * Has `$listener` called when this client sees that the task has ended, well or not: at once if it has, else while it
     * polls, waits or streams. For what must happen exactly once, in whatever process, use {@see Client::consume()}.
     *
     * @param callable(Task): mixed $listener
     */
    public function onFinished(string|Task $task, callable $listener): static;

    /**
     * For event loops: a stream that becomes readable when a task changes, in whatever process, and what to do then. The
     * methods that wait are not for loops; `onFinished()` is, and all that return at once are.
     */
    public function watch(): Watch;

    /**
     * A part of the list, newest first.
     *
     * @param array{
     *     status?: string|list<string>, parent_id?: string, group_id?: string, account?: string, state?: string
     * } $filter
     * @param int $limit 1 to 1,000
     */
    public function tasks(array $filter = [], int $limit = 50, ?string $cursor = null): TaskPage;

    /**
     * What changed and was not acknowledged by this consumer, oldest first; whoever submitted it, in whatever process.
     *
     * @param string $consumer 1 to 64 characters of `A-Z`, `a-z`, `0-9`, `_`, `.`, `:` and `-`
     * @param int    $limit    1 to 1,000
     * @param float  $wait     seconds to wait where there is nothing; cut to `mj.max_wait` in a server's worker
     *
     * @return list<Change>
     */
    public function events(string $consumer, int $limit = 100, float $wait = 0.0): array;

    /** Acknowledges all changes up to this one. */
    public function ack(string $consumer, int|Change $cursor): void;

    /**
     * Hands each change that this consumer has not acknowledged to `$handler`, and acknowledges it when that returns.
     *
     * What throws is not acknowledged and comes again. So does, rarely, what was handled by a process that died at once:
     * store `$task->id` with `$task->revision` in the same transaction as what is done, and skip what is there.
     *
     * @param callable(Task): mixed $handler
     *
     * @return int how many were handled
     */
    public function consume(string $consumer, callable $handler, int $limit = 100, float $wait = 0.0): int;

    /**
     * Cancels a task that was not sent yet, or asks for the press of Cancel Job; of a group, all of its tasks.
     *
     * @return bool false when it had ended
     */
    public function cancel(string|Task $task): bool;

    /**
     * Saves the pictures of a finished task, or with `preview` the half-done one of a task at work: none where it shows
     * none, not yet or not any more.
     *
     * @param string               $directory must exist and be writable
     * @param array<string, mixed> $options   `split`, `cells`, `format`, `quality`, `thumbnail`, `preview`, `overwrite`, `timeout`
     *
     * @return list<string> paths of the files
     */
    public function download(string|Task $task, string $directory, #[\SensitiveParameter] array $options = []): array;

    /** An address of Discord's CDN, rewritten to the image domain. */
    public function imageUrl(string $url): string;

    /**
     * Owner, gateway, queue, accounts and counters, as `mj_status()` gives them. Without any secret.
     *
     * @return MjStatus
     */
    public function status(): array;

    /**
     * Counters, gauges and histograms of every hub of the state directory, in Prometheus's text format 0.0.4.
     *
     * @throws StorageException when the store cannot be read
     */
    public function metrics(): string;

    /**
     * Looks at everything that is needed, and says of each what was seen and what to do. It only looks; what it finds
     * wrong is never an exception. Takes a few seconds where the network is looked at as well.
     *
     * @param array{
     *     lang?: 'en'|'zh',
     *     network?: bool,
     *     timeout?: int|float,
     *     idle?: int,
     *     only?: string|list<string>,
     *     config?: array<string, mixed>
     * } $options `mj_doctor()`'s, but `format`; `config` looks at other settings than those of this client
     */
    public function doctor(#[\SensitiveParameter] array $options = []): Report;
}
