<?php

declare(strict_types=1);

namespace Mj\Http;

use Mj\Client;
use Mj\Status;
use Mj\Task;

/**
 * `/mj/task/…` and `/mj/account/…`
 *
 * @internal
 */
final class Tasks
{
    /** As many as midjourney-proxy's list has. */
    private const LISTED = 100;
    private const MOST_IDS = 10_000;
    /** As many of them are shown at once, and bytes: the others come when these have ended, and are asked for no more. */
    private const MOST_SHOWN = 1_000;
    private const MOST_BYTES = 16_000_000;
    /** Tasks that are read at once. */
    private const AT_ONCE = 100;
    /** Seconds for a seed: New API hangs up after 30. */
    private const LONGEST_SEED = 20;
    private const OPEN = [Status::NOT_START, Status::SUBMITTED, Status::MODAL, Status::IN_PROGRESS];

    public function __construct(
        private Client $mj,
        private Settings $settings,
        private Dialogs $dialogs,
        private Seeds $seeds,
    ) {}

    public function fetch(string $id): Response
    {
        $found = $this->found([$id]);

        return $found === [] ? throw self::missing() : Response::json($found[0]);
    }

    /** The newest, newest first. */
    public function list(): Response
    {
        return Response::json(array_map([$this, 'shown'], $this->mj->tasks([], self::LISTED)->tasks()));
    }

    /** What has not ended, oldest first. */
    public function queue(): Response
    {
        $tasks = $this->mj->tasks(['status' => self::OPEN], self::LISTED)->tasks();

        return Response::json(array_map([$this, 'shown'], array_reverse($tasks)));
    }

    /** Those of these ids that there are, in their order. */
    public function listByCondition(Body $body): Response
    {
        $ids = $body->texts('ids');
        if (count($ids) > self::MOST_IDS) {
            throw Refusal::sense('ids are too many: ' . self::MOST_IDS . ' are allowed');
        }

        return Response::json($this->found(array_map('trim', $ids)));
    }

    public function cancel(string $id): Response
    {
        if (!$this->dialogs->alone($id, fn(): bool => $this->cancelled($id))) {
            throw Refusal::sense('the task has ended');
        }

        return Reply::of(Reply::SUCCESS, 'Cancelled', $id);
    }

    private function cancelled(string $id): bool
    {
        $dialog = $this->dialogs->find($id);
        if ($dialog === null || $dialog['task'] !== null) {
            return $this->mj->cancel($this->task($id));
        }
        if ($dialog['cancelled'] === null) {
            $this->dialogs->cancelled($dialog);

            return true;
        }

        return false;
    }

    /** The seed that made a picture; where it is not known, Midjourney is asked. */
    public function imageSeed(string $id): Response
    {
        $task = $this->task($id);
        if (!$task->succeeded()) {
            throw Refusal::sense('the task has not succeeded');
        }
        $seed = $task->seed;
        if ($seed === null) {
            $asked = $this->mj->wait($this->seeds->ask($task), (float) min(self::LONGEST_SEED, $this->settings->longestWait()));
            if (!$asked->isFinished()) {
                return Reply::of(Reply::IN_QUEUE, 'Midjourney was asked: ask again in a moment');
            }
            if (!$asked->succeeded()) {
                return Reply::of(Reply::FAILURE, $asked->failReason ?? 'Midjourney did not tell');
            }
            $seed = $asked->seed;
        }

        return Reply::of(Reply::SUCCESS, 'Success', (string) $seed);
    }

    /** Accounts, without anything that is secret. */
    public function accounts(): Response
    {
        return Response::json($this->shownAccounts());
    }

    public function account(string $id): Response
    {
        foreach ($this->shownAccounts() as $account) {
            if ($account['id'] === $id) {
                return Response::json($account);
            }
        }
        throw new Refusal(404, Reply::NOT_FOUND, 'there is no such account');
    }

    /**
     * @param list<string> $ids
     *
     * @return list<array<string, mixed>>
     */
    private function found(array $ids): array
    {
        $shown = [];
        $bytes = 0;
        foreach (array_chunk($ids, self::AT_ONCE) as $some) {
            foreach ($this->some($some) as $one) {
                $shown[] = $one;
                $bytes += strlen(Response::json($one)->body());
                if (count($shown) === self::MOST_SHOWN || $bytes > self::MOST_BYTES) {
                    return $shown;
                }
            }
        }

        return $shown;
    }

    /**
     * @param list<string> $ids
     *
     * @return list<array<string, mixed>>
     */
    private function some(array $ids): array
    {
        $own = [];
        foreach ($ids as $id) {
            $task = preg_match('/^[0-9A-Z]{26}$/D', $id) === 1 ? $this->dialogs->task($id) : null;
            if ($task !== null) {
                $own[$id] = $task;
            }
        }
        $tasks = $own === [] ? [] : $this->mj->pollMany(array_values($own));
        $shown = [];
        foreach ($ids as $id) {
            $task = isset($own[$id]) ? $tasks[$own[$id]] ?? null : null;
            $dialog = $task === null ? $this->dialogs->find($id) : null;
            if ($task !== null) {
                $shown[] = ProxyShape::task($task, $id === $task->id ? $this->dialogs->known($task) : $id);
            } elseif ($dialog !== null && $dialog['task'] === null) {
                $shown[] = ProxyShape::dialog($dialog);
            }
        }

        return $shown;
    }

    private function task(string $id): Task
    {
        $own = preg_match('/^[0-9A-Z]{26}$/D', $id) === 1 ? $this->dialogs->task($id) : null;

        return ($own === null ? null : $this->mj->poll($own)) ?? throw self::missing();
    }

    /** @return array<string, mixed> */
    private function shown(Task $task): array
    {
        return ProxyShape::task($task, $this->dialogs->known($task));
    }

    /** @return list<array{id: string, enable: bool, properties: array<string, mixed>}> */
    private function shownAccounts(): array
    {
        return array_map(static fn(array $one): array => [
            'id' => $one['name'],
            'enable' => $one['enabled'] && $one['state'] === 'usable',
            'properties' => ['state' => $one['state'], 'code' => $one['code'], 'running' => $one['running']],
        ], $this->mj->status()['accounts']);
    }

    private static function missing(): Refusal
    {
        return new Refusal(404, Reply::NOT_FOUND, 'there is no such task');
    }
}
