<?php

declare(strict_types=1);

namespace Mj\ChatMoney;

use Mj\Client;
use Mj\Internal\Prompt;
use Mj\MjException;
use Mj\Task;

/**
 * ChatMoney's driver for the direct service, without a daemon: what it calls to draw, what its requests and its cron call
 * to have results delivered.
 *
 *     $driver = new Driver(new Midjourney(Settings::fromMddai($mddai)), new ThinkConnection(Db::connect()), $notify, $token);
 *     ['task_id' => $id] = $driver->imagine(['prompt' => 'a lighthouse', 'image_base' => '']);
 */
final class Driver
{
    /** What ChatMoney calls the extension's arguments. */
    private const NAMES = ['images' => 'image_base', 'taskId' => 'task_id', 'idempotency_key' => 'key', 'user_token' => 'the key of the pool'];

    private const UV = ['upsample' => 'upsample', 'upscale' => 'upsample', 'variation' => 'variation'];

    private Ledger $ledger;

    private Sync $sync;

    private string $site;

    private ?string $public;

    private bool $isUploading;

    private bool $isSeveral;

    /** @var (callable(): mixed)|null */
    private $token;

    /**
     * @param callable(array<string, mixed>): mixed $notify is given each result once, in a transaction of `$connection`:
     *                                                      false for a task that no record has; what it throws is tried again
     * @param (callable(): mixed)|null              $token  the key pool: a user token for each prompt, whatever else it
     *                                                      gives when it has none; null leaves it to mj
     * @param array{
     *     prefix?: string, site?: string, public?: string|null, upload?: bool, several?: bool,
     *     on_error?: (callable(\Throwable, string): mixed)|null
     * } $options `prefix`: of the tables, `la_` by default. `site`: tells sites apart that share a state directory, 1 to 32 of
     *            `A-Z a-z 0-9 _ . -`, `chatmoney` by default; never change it. `public`: directory for base images that are
     *            paths without a host. `upload`: base images with an address are uploaded to Discord, not given as links.
     *            `several`: prompts that make up to 40 pictures at once, as `a {red, blue} cat`, are not refused.
     *            `on_error`: is told what the notify function threw, and the task's id.
     */
    public function __construct(
        private Client $mj,
        Connection $connection,
        callable $notify,
        ?callable $token = null,
        array $options = [],
    ) {
        $this->site = $options['site'] ?? 'chatmoney';
        if (preg_match('/^[A-Za-z0-9_.-]{1,32}$/D', $this->site) !== 1) {
            throw new \ValueError(self::class . ': site must be 1 to 32 of A-Z, a-z, 0-9, _, . and -');
        }
        $this->public = $options['public'] ?? null;
        $this->isUploading = $options['upload'] ?? false;
        $this->isSeveral = $options['several'] ?? false;
        $this->token = $token;
        $this->ledger = new Ledger($connection, $options['prefix'] ?? 'la_');
        $this->sync = new Sync($mj, $this->ledger, $notify, $this->site, $options['on_error'] ?? null);
    }

    /**
     * Submits a prompt; the network is not waited for.
     *
     * @param array<string, mixed> $request `prompt`; `image_base`: an address, a path below `public`, `data:` or Base64, or
     *                                      empty; `key`: names the request (a record's id), so that a repetition gives
     *                                      the same task, and goes along to the notify function
     *
     * @return array{task_id: string} 26 characters
     *
     * @throws DriverException with a reason that the user may see
     */
    public function imagine(array $request): array
    {
        $prompt = self::text($request, 'prompt');
        $image = self::text($request, 'image_base');
        if (!$this->isSeveral && Prompt::isSeveral($prompt)) {
            // A user pays for one record, whatever his prompt makes.
            throw new DriverException('a prompt with {…} or --repeat makes more than one picture: write it without them');
        }
        $options = $this->options('generate', $request);
        if ($image !== '') {
            $options += ['images' => [BaseImage::source($image, $this->public)], 'upload' => $this->isUploading];
        }
        if ($this->token !== null) {
            $options['user_token'] = $this->token();
        }

        return self::submitted(fn(): Task => $this->mj->imagine($prompt, $options));
    }

    /**
     * Presses U1 to U4 or V1 to V4 of a grid, with the account that made it.
     *
     * @param array<string, mixed> $request `action`: `upsample` or `variation`; `index`: 1 to 4; `task_id`: the grid's;
     *                                      `key` as in {@see Driver::imagine()}
     *
     * @return array{task_id: string} 26 characters
     *
     * @throws DriverException with a reason that the user may see
     */
    public function imagineUv(array $request): array
    {
        $action = self::UV[self::text($request, 'action')] ?? throw new DriverException('action must be upsample or variation');
        $index = self::text($request, 'index');
        if (!in_array($index, ['1', '2', '3', '4'], true)) {
            throw new DriverException('index must be 1 to 4');
        }
        $parent = self::text($request, 'task_id');
        if ($parent === '') {
            throw new DriverException('task_id is missing');
        }
        $button = $action . $index;
        $options = $this->options($button, $request);

        return self::submitted(fn(): Task => $this->mj->action($parent, $button, $options));
    }

    /**
     * Tasks as they are now, in the words of `draw_records` and `draw_task`, by id; those that do not exist are left out.
     * Reads the state directory only, in microseconds. That a task has ended is not yet that it was delivered: `status` 2
     * and 3 of a record are the notify function's to write.
     *
     * @param iterable<mixed> $taskIds a record that has none yet may give null
     *
     * @return array<string, array{
     *     record_status: int, task_status: int, progress: int, able_actions: list<string>, fail_reason: string,
     *     preview_url: string|null, queue_position: int|null
     * }>
     */
    public function look(iterable $taskIds): array
    {
        $ids = [];
        foreach ($taskIds as $id) {
            if (is_string($id)) {
                $ids[] = $id;
            }
        }

        return array_map(
            static fn(Task $task): array => Notice::columns($task),
            array_filter($this->mj->pollMany($ids)),
        );
    }

    /**
     * Delivers what has ended since; for the request that polls, and it never waits for more. Two at once deliver nothing
     * twice: one of them does it.
     *
     * @param float $seconds after which no further delivery is begun
     *
     * @return array{busy: bool, delivered: int, failed: int, owed: int, abandoned: int}
     */
    public function sync(float $seconds = 3.0): array
    {
        return $this->sync->once($seconds);
    }

    /**
     * Delivers until nothing runs any more, or time is over; for the cron, which is then what keeps tasks going on a site
     * without traffic.
     *
     * @return array{busy: bool, delivered: int, failed: int, owed: int, abandoned: int, open: bool}
     */
    public function run(float $seconds = 50.0): array
    {
        return $this->sync->run($seconds);
    }

    /** Creates the table of deliveries where it is not there yet. */
    public function install(): void
    {
        $this->ledger->install();
    }

    /** Has deliveries that were given up tried again, at the next sync; says how many. */
    public function retry(): int
    {
        return $this->ledger->revive();
    }

    /** Forgets deliveries that were given up, as those of records that were deleted; says how many. */
    public function forget(): int
    {
        return $this->ledger->forget();
    }

    /**
     * @param array<string, mixed> $request
     *
     * @return array<string, mixed>
     */
    private function options(string $action, array $request): array
    {
        $key = self::text($request, 'key');

        return $key === ''
            ? ['state' => "$this->site:$action"]
            : ['state' => "$this->site:$action:$key", 'idempotency_key' => "$this->site:$key"];
    }

    private function token(): string
    {
        assert($this->token !== null);
        try {
            $token = ($this->token)();
        } catch (\TypeError) {
            // It promised a string and had none. The application catches \Exception only.
            $token = null;
        }
        $token = is_string($token) ? trim($token) : '';

        return $token === '' ? throw new DriverException('the key pool has no usable key') : $token;
    }

    /**
     * @param callable(): Task $submit
     *
     * @return array{task_id: string}
     */
    private static function submitted(callable $submit): array
    {
        try {
            return ['task_id' => $submit()->id];
        } catch (MjException|\ValueError|\TypeError $thrown) {
            // The application catches \Exception, and a bad argument is an \Error.
            throw new DriverException(self::plain($thrown->getMessage()));
        }
    }

    /** What the extension says of its own arguments, said of ChatMoney's. */
    private static function plain(string $message): string
    {
        if (preg_match('/^mj_\w+\(\): Argument #\d+ \(\$(\w+)\)(?: element "(\w+)[^"]*")?(:?) (.+)$/Ds', $message, $found) !== 1) {
            return (string) preg_replace('/^mj_\w+\(\): /', '', $message);
        }
        [, $argument, $element, $colon, $words] = $found;
        $name = $element === '' ? $argument : $element;

        // A prompt's own trouble is a whole sentence.
        return $colon !== '' && preg_match('/^(?:the prompt|--)/', $words) === 1 ? $words : (self::NAMES[$name] ?? $name) . "$colon $words";
    }

    /** @param array<string, mixed> $request */
    private static function text(array $request, string $name): string
    {
        $value = $request[$name] ?? '';

        return is_scalar($value) ? trim((string) $value) : throw new DriverException("$name must be a text");
    }
}
