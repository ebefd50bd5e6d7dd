<?php

declare(strict_types=1);

namespace Mj\Testing\Internal;

use Mj\ActionUnavailableException;
use Mj\Button;
use Mj\Internal\Record;
use Mj\Status;
use Mj\Testing\Outcome;
use Mj\Testing\Submission;

/**
 * The fake's store: tasks, groups, and the feed of changes.
 *
 * @internal
 */
final class Tasks
{
    private const STATUSES = [
        Status::NOT_START, Status::SUBMITTED, Status::MODAL, Status::IN_PROGRESS, Status::SUCCESS, Status::FAILURE, Status::CANCEL,
    ];

    private const FILTERS = ['status', 'parent_id', 'group_id', 'account', 'state', 'hub'];

    /** @var array<string, FakeTask> by id */
    private array $tasks = [];

    /** @var array<string, list<string>> the tasks of each group */
    private array $groups = [];

    /** @var array<string, string> ids of tasks and groups by idempotency key */
    private array $keys = [];

    /** @var list<string> the task that changed, by cursor less 1 */
    private array $feed = [];

    private int $count = 0;

    /** How many were not sent yet. */
    private int $waiting = 0;

    /** @param \Closure(): void $changed called after each change */
    public function __construct(private \Closure $changed) {}

    /** @param non-empty-list<string> $prompts one for each task */
    public function add(Submission $submission, Outcome $outcome, array $prompts, float $now, ?string $key): string
    {
        $group = count($prompts) > 1 ? $this->newId() : null;
        $ids = [];
        foreach ($prompts as $prompt) {
            $id = $ids[] = $this->newId();
            $record = array_replace($this->blank($submission, $prompt, $now), ['id' => $id, 'group_id' => $group]);
            $job = $this->job($submission) ?? Script::newJob($this->count);
            $steps = (new Script($submission, $outcome, $this->count, $prompt, $job))->steps();
            if ($submission->subject() === Button::SEED && !$outcome->isStuck() && $outcome->failCode() === null) {
                $parent = $this->find((string) $submission->parentId());
                $steps[] = (array_pop($steps) ?? []) + ['seed' => $parent['seed'] ?? crc32((string) $submission->parentId()), 'job_id' => $job];
            }
            /** @var MjTask $record its keys and their types are those of a task */
            $this->tasks[$id] = new FakeTask($record, $steps, $now + FakeTask::STEP);
            $this->feed[] = $id;
            ++$this->waiting;
        }
        if ($group !== null) {
            $this->groups[$group] = $ids;
        }
        if ($key !== null) {
            $this->keys[$key] = $group ?? $ids[0];
        }
        ($this->changed)();

        return $group ?? $ids[0];
    }

    public function byKey(string $key): ?string
    {
        return $this->keys[$key] ?? null;
    }

    /** @return list<string> of all tasks, oldest first */
    public function ids(): array
    {
        return array_map('strval', array_keys($this->tasks));
    }

    /** @return MjTask|null a task, or a group as one */
    public function find(string $id): ?array
    {
        if (isset($this->groups[$id])) {
            return Group::asOne($id, array_map(fn(string $one): array => $this->tasks[$one]->record(), $this->groups[$id]));
        }

        return isset($this->tasks[$id]) ? $this->tasks[$id]->record() : null;
    }

    /** Lets a task, or all tasks of a group, take the next step; false when none had one left. */
    public function step(string $id, float $now): bool
    {
        $isAny = false;
        foreach ($this->members($id) as $member) {
            $task = $this->tasks[$member];
            $wasWaiting = $task->isWaiting();
            if ($task->step($now)) {
                $this->changed($member, $wasWaiting);
                $isAny = true;
            }
        }

        return $isAny;
    }

    /** The same, where the step is due. */
    public function stepDue(string $id, float $now): void
    {
        foreach ($this->members($id) as $member) {
            $due = $this->tasks[$member]->due();
            if ($due !== null && $due <= $now) {
                $this->step($member, $now);
            }
        }
    }

    /** When the next change of a task, or of any of a group, comes; null for never. */
    public function due(string $id): ?float
    {
        $due = array_filter(
            array_map(fn(string $member): ?float => $this->tasks[$member]->due(), $this->members($id)),
            static fn(?float $one): bool => $one !== null,
        );

        return $due === [] ? null : min($due);
    }

    public function cancel(string $id, float $now): bool
    {
        $isAny = false;
        foreach ($this->members($id) as $member) {
            $task = $this->tasks[$member];
            if ($task->isFinished()) {
                continue;
            }
            $wasWaiting = $task->isWaiting();
            $task->cancel();
            if ($wasWaiting) {
                $this->step($member, $now);
            }
            $isAny = true;
        }

        return $isAny;
    }

    /**
     * The name of the button that a press means.
     *
     * @param MjTask $parent
     *
     * @throws ActionUnavailableException when there is no such button
     */
    public function pressable(array $parent, string $action): string
    {
        $id = $parent['id'];
        if (isset($parent['tasks'])) {
            $members = implode(', ', $parent['tasks']);
            throw self::unavailable('NOT_OFFERED', "$id is a group and has no buttons, its tasks have: $members");
        }
        if ($parent['status'] !== Status::SUCCESS) {
            [$reason, $why] = Status::of($parent['status'])->isFinal()
                ? ['NOT_OFFERED', 'it ended without a picture']
                : ['NOT_FINISHED', 'they come with the picture'];
            throw self::unavailable($reason, "task $id is {$parent['status']}; it has no buttons: $why");
        }
        $name = (string) preg_replace(['/^(?:upsample|u)_?(\d)$/', '/^v_?(\d)$/'], ['upscale$1', 'variation$1'], strtolower($action));
        foreach ($parent['buttons'] as $button) {
            if ($button['custom_id'] === $action || $button['action'] === $name) {
                return $button['action'] ?? $action;
            }
        }
        if ($name === 'seed' && $parent['job_id'] !== null) {
            return $name;
        }
        $names = array_map(static fn(array $button): string => $button['action'] ?? $button['custom_id'], $parent['buttons']);
        $names = $parent['job_id'] === null ? $names : [...$names, 'seed'];
        $available = $names === [] ? 'nothing else is available' : 'available are ' . implode(', ', $names);
        throw self::unavailable('NOT_OFFERED', "the task offers no \"$action\"; $available");
    }

    /**
     * @param array<mixed> $filter
     *
     * @return array{tasks: list<MjTask>, cursor: ?string}
     */
    public function page(array $filter, int $limit, ?string $cursor): array
    {
        $filter = self::filter($filter);
        if ($cursor !== null && !isset($this->tasks[$cursor])) {
            Given::refuse('tasks', 3, 'cursor', ': not a cursor that a list has given');
        }
        $found = [];
        foreach (array_reverse($this->tasks) as $id => $task) {
            $record = $task->record();
            if (($cursor === null || (string) $id < $cursor) && self::fits($record, $filter)) {
                $found[] = $record;
            }
        }
        $page = array_slice($found, 0, $limit);

        return ['tasks' => $page, 'cursor' => count($found) > $limit ? $page[$limit - 1]['id'] : null];
    }

    /** @return list<array{cursor: int, task: MjTask}> */
    public function events(int $after, int $limit): array
    {
        $events = [];
        foreach (array_slice($this->feed, $after, $limit, true) as $index => $id) {
            $events[] = ['cursor' => $index + 1, 'task' => $this->tasks[$id]->record()];
        }

        return $events;
    }

    public function newestEvent(): int
    {
        return count($this->feed);
    }

    /** @return array<string, int> how many there are by status */
    public function counts(): array
    {
        $counts = array_fill_keys(self::STATUSES, 0);
        foreach ($this->tasks as $task) {
            ++$counts[$task->record()['status']];
        }

        return $counts;
    }

    /** @return MjStatus */
    public function status(): array
    {
        $queue = array_replace(
            $this->counts(),
            array_fill_keys(['waiting', 'running', 'in_doubt', 'tombstones', 'unmatched', 'clock_difference'], null),
        );

        /** @var MjStatus $status its keys and their types are those of a status */
        $status = [
            'version' => 'fake', 'state_dir' => '', 'pid' => (int) getmypid(), 'sapi' => \PHP_SAPI, 'grade' => 'transient',
            'has_engine' => false, 'configuration' => [], 'hub' => 'fake', 'owner' => null, 'gateway' => null,
            'log' => null, 'network' => null, 'queue' => $queue,
            'accounts' => [], 'webhooks' => ['pending' => 0, 'failed' => 0], 'counters' => null, 'hubs' => [], 'incidents' => [],
        ];

        return $status;
    }

    /** Tells the feed of a task's change, and counts those that wait. */
    private function changed(string $id, bool $wasWaiting): void
    {
        $this->feed[] = $id;
        ($this->changed)();
        $this->waiting -= (int) ($wasWaiting && !$this->tasks[$id]->isWaiting());
    }

    /** The job that a submission asks about: shown again, or for its seed. */
    private function job(Submission $submission): ?string
    {
        $task = match (true) {
            $submission->call() === 'show' => $submission->subject(),
            $submission->subject() === Button::SEED => (string) $submission->parentId(),
            default => null,
        };
        if ($task === null) {
            return null;
        }

        return $this->find($task)['job_id'] ?? ($submission->call() === 'show' ? $task : null);
    }

    /** @return array<string, mixed> */
    private function blank(Submission $submission, string $prompt, float $now): array
    {
        $options = $submission->options();
        $written = preg_match('/--seed (\d+)/', $prompt, $found) === 1 ? (int) $found[1] : $options['seed'] ?? null;
        $mode = $options['mode'] ?? null;
        if ($mode !== null && preg_match('/--(fast|relax|turbo)\b/i', $prompt, $found) === 1) {
            // What the prompt says wins over the option.
            $mode = strtolower($found[1]);
        }

        return array_replace(Record::BLANK, [
            'action' => Script::action($submission),
            'prompt' => $prompt,
            'parent_id' => $submission->parentId(),
            'mode' => $mode,
            'seed' => $submission->call() === 'imagine' ? $written ?? 1000 + $this->count : null,
            'queue_position' => $this->waiting,
            'state' => isset($options['state']) && is_scalar($options['state']) ? (string) $options['state'] : null,
            'created_at' => (int) ($now * 1000),
        ]);
    }

    /** @return list<string> */
    private function members(string $id): array
    {
        return $this->groups[$id] ?? (isset($this->tasks[$id]) ? [$id] : []);
    }

    /** As the extension's: 26 characters, ordered by time. */
    private function newId(): string
    {
        return sprintf('01FAKE%020d', ++$this->count);
    }

    /**
     * @param array<mixed> $filter
     *
     * @return array<string, string|list<string>> what is wanted
     */
    private static function filter(array $filter): array
    {
        $argument = new Argument('tasks', 1, 'filter');
        $statuses = array_map('strtolower', self::STATUSES);
        $complaint = 'must be one of ' . implode(', ', self::STATUSES);
        $wanted = [];
        foreach ($filter as $name => $value) {
            $element = $argument->at((string) $name);
            if (!in_array($name, self::FILTERS, true)) {
                $element->refuse('no such filter; known are ' . implode(', ', self::FILTERS));
            }
            if ($value === null || $value === []) {
                continue;
            }
            if ($name === 'status' && !is_string($value) && !is_array($value)) {
                $element->refuseType('string|list of strings', $value);
            }
            if ($name === 'status') {
                $known = static fn(mixed $one): string => strtoupper($element->oneOf($one, $statuses, $complaint));
                $wanted[$name] = array_map($known, array_values((array) $value));
                continue;
            }
            $wanted[$name] = $element->text($value);
            if (in_array($name, ['parent_id', 'group_id'], true) && preg_match('/^[0-9A-Z]{26}$/D', $wanted[$name]) !== 1) {
                $element->refuse('not a task id: 26 characters of 0-9 and A-Z are expected');
            }
        }

        return $wanted;
    }

    /**
     * @param MjTask                             $record
     * @param array<string, string|list<string>> $filter
     */
    private static function fits(array $record, array $filter): bool
    {
        foreach ($filter as $name => $wanted) {
            if ($name !== 'hub' && !in_array($record[$name] ?? null, (array) $wanted, true)) {
                return false;
            }
        }

        return true;
    }

    private static function unavailable(string $reason, string $message): ActionUnavailableException
    {
        $unavailable = new ActionUnavailableException($message);
        $unavailable->reason = $reason;

        return $unavailable;
    }
}
