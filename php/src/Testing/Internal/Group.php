<?php

declare(strict_types=1);

namespace Mj\Testing\Internal;

use Mj\Internal\Record;
use Mj\Status;

/**
 * Several tasks of one prompt, seen as one.
 *
 * @internal
 */
final class Group
{
    /**
     * @param list<MjTask> $members
     *
     * @return MjTask
     */
    public static function asOne(string $id, array $members): array
    {
        $first = $members[0];
        $status = self::status(array_column($members, 'status'));
        $images = array_merge(...array_column($members, 'images'));
        $isOver = Status::of($status)->isFinal();
        $open = array_filter($members, static fn(array $one): bool => !Status::of($one['status'])->isFinal());
        $failed = array_values(array_filter($members, static fn(array $one): bool => $one['status'] === Status::FAILURE));

        /** @var MjTask $task its keys and their types are those of a task */
        $task = array_replace(Record::BLANK, [
            'id' => $id,
            'status' => $status,
            'progress' => $status === Status::SUCCESS
                ? 100
                : intdiv((int) array_sum(array_column($members, 'progress')), count($members)),
            'prompt' => $first['prompt'],
            'parent_id' => $first['parent_id'],
            'group_id' => $id,
            'account' => $first['account'],
            'mode' => $first['mode'],
            'image_url' => $images[0]['url'] ?? null,
            'preview_url' => array_values(array_filter(array_column($open, 'preview_url')))[0] ?? null,
            'images' => $images,
            'fail_code' => $status === Status::FAILURE ? $failed[0]['fail_code'] : null,
            'fail_reason' => $status === Status::FAILURE ? $failed[0]['fail_reason'] : null,
            'retryable' => $status === Status::FAILURE && $failed[0]['retryable'],
            'state' => $first['state'],
            'revision' => array_sum(array_column($members, 'revision')),
            'created_at' => $first['created_at'],
            'submitted_at' => $first['submitted_at'],
            'started_at' => $first['started_at'],
            'finished_at' => $isOver ? max(0, ...array_column($members, 'finished_at')) : null,
            'tasks' => array_column($members, 'id'),
        ]);

        return $task;
    }

    /** @param list<string> $statuses */
    private static function status(array $statuses): string
    {
        $isFinal = static fn(string $status): bool => Status::of($status)->isFinal();
        if (array_filter($statuses, $isFinal) !== $statuses) {
            return array_unique($statuses) === [Status::NOT_START] ? Status::NOT_START : Status::IN_PROGRESS;
        }

        return array_values(array_intersect([Status::SUCCESS, Status::FAILURE, Status::CANCEL], $statuses))[0];
    }
}
