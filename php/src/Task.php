<?php

declare(strict_types=1);

namespace Mj;

use Mj\Internal\Record;
use Mj\Internal\Value;

/**
 * A task as it was when somebody looked. It never changes: a later look gives another one, with a greater revision.
 *
 * `new Task($array)` takes what `mj_poll()` gives and what a webhook is posted; `json_encode($task)` gives it back.
 *
 * @property-read string                             $id            26 characters, ordered by time
 * @property-read Action                             $action
 * @property-read Status                             $status
 * @property-read int<0, 100>                        $progress
 * @property-read string                             $prompt        as it was given
 * @property-read string|null                        $finalPrompt   as Midjourney understood it
 * @property-read string|null                        $parentId      the task whose button was pressed
 * @property-read string|null                        $groupId
 * @property-read string|null                        $account       who works on it, once chosen
 * @property-read 'fast'|'relax'|'turbo'|null        $mode
 * @property-read string|null                        $imageUrl      the first picture
 * @property-read string|null                        $previewUrl    the half-done picture
 * @property-read list<Image>                        $images
 * @property-read list<string>|array<string, string> $texts         prompts of describe and shorten; fields of info, settings
 * @property-read list<Button>                       $buttons
 * @property-read FailCode|null                      $failCode
 * @property-read string|null                        $failReason    in words of `mj.lang`, with Midjourney's behind them
 * @property-read bool                               $retryable     whether the same call may succeed later
 * @property-read bool                               $late          the picture came after the task had failed
 * @property-read string|null                        $messageId
 * @property-read string|null                        $jobId         Midjourney's
 * @property-read int|null                           $seed
 * @property-read int|null                           $queuePosition 0 is next; null when it does not wait
 * @property-read string|null                        $state         the caller's own words, given back
 * @property-read int                                $revision      grows with every change
 * @property-read \DateTimeImmutable                 $createdAt
 * @property-read \DateTimeImmutable|null            $submittedAt
 * @property-read \DateTimeImmutable|null            $startedAt
 * @property-read \DateTimeImmutable|null            $finishedAt
 * @property-read string|null                        $stage         what holds it up: `paused`, `waiting to start`, …
 * @property-read \DateTimeImmutable|null            $estimatedAt   when it will probably end
 * @property-read \DateTimeImmutable|null            $notBefore     when it is sent again
 * @property-read list<string>                       $notes         what stops nothing, as an unknown parameter
 * @property-read list<string>                       $tasks         of a group: the ids of its tasks, in order
 */
final class Task extends Value
{
    /** @var MjTask */
    private array $record;

    /** @param MjTask $record */
    public function __construct(array $record)
    {
        if (($record['id'] ?? '') === '') {
            throw new \ValueError(self::class . '::__construct(): Argument #1 ($record) must have an id');
        }
        $this->record = $record + Record::BLANK;
    }

    public function isFinished(): bool
    {
        return $this->record['finished_at'] !== null;
    }

    public function succeeded(): bool
    {
        return $this->record['status'] === Status::SUCCESS;
    }

    public function failed(): bool
    {
        return $this->record['status'] === Status::FAILURE;
    }

    public function wasCancelled(): bool
    {
        return $this->record['status'] === Status::CANCEL;
    }

    /** Whether it stands for several: the tasks of a prompt with permutations or `--repeat`, or of `imagine_all`. */
    public function isGroup(): bool
    {
        return isset($this->record['tasks']);
    }

    /** Its button of this name or `custom_id`; null when it has none. */
    public function button(string $action): ?Button
    {
        foreach ($this->record['buttons'] as $button) {
            if ($button['action'] === $action || $button['custom_id'] === $action) {
                return new Button($button);
            }
        }

        return null;
    }

    /** Whether it has the button. */
    public function offers(string $action): bool
    {
        return $this->button($action) !== null;
    }

    /**
     * The same task, which has not failed and was not cancelled.
     *
     * @throws TaskFailedException when it was
     */
    public function orThrow(): self
    {
        return $this->failed() || $this->wasCancelled() ? throw new TaskFailedException($this) : $this;
    }

    /** @return MjTask */
    public function toArray(): array
    {
        return $this->record;
    }

    protected function typed(string $name): mixed
    {
        $record = $this->record;

        return match ($name) {
            'action' => Action::of($record['action']),
            'status' => Status::of($record['status']),
            'failCode' => $record['fail_code'] === null ? null : FailCode::of($record['fail_code']),
            'images' => array_map(static fn(array $image): Image => new Image($image), $record['images']),
            'buttons' => array_map(static fn(array $button): Button => new Button($button), $record['buttons']),
            'tasks' => $record['tasks'] ?? [],
            'createdAt' => self::time($record['created_at']),
            'submittedAt' => self::time($record['submitted_at']),
            'startedAt' => self::time($record['started_at']),
            'finishedAt' => self::time($record['finished_at']),
            'estimatedAt' => self::time($record['estimated_at']),
            'notBefore' => self::time($record['not_before']),
            default => null,
        };
    }
}
