<?php

declare(strict_types=1);

namespace Mj\Testing\Internal;

use Mj\Status;

/**
 * One task of the fake: what it is, what becomes of it, and when its next change is due.
 *
 * @internal
 */
final class FakeTask
{
    /** How long a step takes, in seconds of the fake's clock. */
    public const STEP = 1.0;

    /**
     * @param MjTask                     $record
     * @param list<array<string, mixed>> $steps
     */
    public function __construct(private array $record, private array $steps, private float $due) {}

    /** @return MjTask */
    public function record(): array
    {
        return $this->record;
    }

    public function isFinished(): bool
    {
        return Status::of($this->record['status'])->isFinal();
    }

    /** Whether it was not sent yet. */
    public function isWaiting(): bool
    {
        return $this->record['status'] === Status::NOT_START;
    }

    /** When its next change comes, in seconds of the fake's clock; null for never. */
    public function due(): ?float
    {
        return $this->steps === [] ? null : $this->due;
    }

    /** Makes the next change; false when there is none. */
    public function step(float $now): bool
    {
        $step = array_shift($this->steps);
        if ($step === null) {
            return false;
        }
        $this->due = $now + self::STEP;
        $this->record = self::changed($this->record, $step, (int) ($now * 1000));

        return true;
    }

    /** Lets it end as cancelled, with its next step. */
    public function cancel(): void
    {
        $this->steps = [['status' => Status::CANCEL, 'queue_position' => null, 'finished_at' => true]];
    }

    /**
     * @param MjTask               $record
     * @param array<string, mixed> $step
     *
     * @return MjTask
     */
    private static function changed(array $record, array $step, int $milliseconds): array
    {
        foreach (['submitted_at', 'started_at', 'finished_at'] as $time) {
            if (($step[$time] ?? null) === true) {
                $step[$time] = $milliseconds;
            }
        }
        /** @var MjTask $changed its keys and their types are those of a task */
        $changed = array_replace($record, $step, ['revision' => $record['revision'] + 1]);

        return $changed;
    }
}
