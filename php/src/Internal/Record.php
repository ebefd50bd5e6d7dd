<?php

declare(strict_types=1);

namespace Mj\Internal;

/**
 * A task as the extension's array.
 *
 * @internal
 */
final class Record
{
    /** What a task is before anything is known of it: all keys, in the extension's order. */
    public const BLANK = [
        'id' => '',
        'action' => 'IMAGINE',
        'status' => 'NOT_START',
        'progress' => 0,
        'prompt' => '',
        'final_prompt' => null,
        'parent_id' => null,
        'group_id' => null,
        'account' => null,
        'mode' => null,
        'image_url' => null,
        'preview_url' => null,
        'images' => [],
        'texts' => [],
        'buttons' => [],
        'fail_code' => null,
        'fail_reason' => null,
        'retryable' => false,
        'late' => false,
        'message_id' => null,
        'job_id' => null,
        'seed' => null,
        'queue_position' => null,
        'state' => null,
        'revision' => 1,
        'created_at' => 0,
        'submitted_at' => null,
        'started_at' => null,
        'finished_at' => null,
        'stage' => null,
        'estimated_at' => null,
        'not_before' => null,
        'notes' => [],
    ];

    /**
     * A task that was submitted just now.
     *
     * @param string $action one of {@see \Mj\Action}
     *
     * @return MjTask
     */
    public static function submitted(string $id, string $action, string $prompt): array
    {
        /** @var MjTask $task its keys and their types are those of a task */
        $task = array_replace(self::BLANK, [
            'id' => $id,
            'action' => $action,
            'prompt' => $prompt,
            'created_at' => (int) (microtime(true) * 1000),
        ]);

        return $task;
    }
}
