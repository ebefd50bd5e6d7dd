<?php

declare(strict_types=1);

namespace Mj\ChatMoney;

use Mj\Status;
use Mj\Task;

/** A task in ChatMoney's words: what the notify function is given, and the columns of its tables. */
final class Notice
{
    /** `draw_records.status` */
    private const RECORD = [Status::NOT_START => 0, Status::SUCCESS => 3, Status::FAILURE => 2, Status::CANCEL => 2];

    /** `draw_task.status` */
    private const TASK = [
        Status::NOT_START => 0, Status::SUBMITTED => 1, Status::SUCCESS => 3, Status::FAILURE => 4, Status::CANCEL => 4,
    ];

    /**
     * What the notify function is given for a task that has ended.
     *
     * @param string $key of the request; empty when it had none
     *
     * @return array{
     *     code: int, msg: string,
     *     data: array{task_id: string, action?: string, image_url?: string, actions?: list<string>, key?: string}
     * }
     */
    public static function payload(Task $task, string $action, string $key = ''): array
    {
        $known = $key === '' ? [] : ['key' => $key];
        if ($task->imageUrl === null || !$task->succeeded()) {
            return ['code' => 0, 'msg' => self::reason($task), 'data' => ['task_id' => $task->id] + $known];
        }
        $data = ['task_id' => $task->id, 'action' => $action, 'image_url' => $task->imageUrl];
        $actions = self::actions($task);

        return ['code' => 1, 'msg' => 'success', 'data' => $data + ($actions === [] ? [] : ['actions' => $actions]) + $known];
    }

    /**
     * The buttons that a task really has and that ChatMoney's validator lets through.
     *
     * @return list<string> of `upsample1` to `upsample4` and `variation1` to `variation4`
     */
    public static function actions(Task $task): array
    {
        $actions = [];
        foreach (['upsample' => 'upscale', 'variation' => 'variation'] as $theirs => $ours) {
            foreach ([1, 2, 3, 4] as $index) {
                if ($task->offers($ours . $index)) {
                    $actions[] = $theirs . $index;
                }
            }
        }

        return $actions;
    }

    /**
     * A task as it is now, for the request that polls.
     *
     * @return array{
     *     record_status: int, task_status: int, progress: int, able_actions: list<string>, fail_reason: string,
     *     preview_url: string|null, queue_position: int|null
     * }
     */
    public static function columns(Task $task): array
    {
        $status = (string) $task->status;

        return [
            'record_status' => self::RECORD[$status] ?? 1,
            'task_status' => self::TASK[$status] ?? 2,
            'progress' => $task->progress,
            'able_actions' => self::actions($task),
            'fail_reason' => $task->failed() || $task->wasCancelled() ? self::reason($task) : '',
            'preview_url' => $task->previewUrl,
            'queue_position' => $task->queuePosition,
        ];
    }

    private static function reason(Task $task): string
    {
        return match (true) {
            $task->failReason !== null && $task->failReason !== '' => $task->failReason,
            $task->failCode !== null => (string) $task->failCode,
            $task->wasCancelled() => 'cancelled',
            default => 'no picture',
        };
    }
}
