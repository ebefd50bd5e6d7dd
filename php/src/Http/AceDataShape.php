<?php

declare(strict_types=1);

namespace Mj\Http;

use Mj\Action;
use Mj\Task;

/**
 * A task as AceData (Zhishuyun) writes it.
 *
 * @internal
 */
final class AceDataShape
{
    /** Its names for buttons, where they are not ours. */
    private const NAMES = [
        'vary_subtle' => 'variation_subtle',
        'vary_strong' => 'variation_strong',
        'vary_region' => 'variation_region',
    ];

    private function __construct() {}

    /** @return array<string, mixed> */
    public static function task(Task $task): array
    {
        if ($task->isFinished() && !$task->succeeded()) {
            $code = $task->failCode === null ? 'cancelled' : strtolower((string) $task->failCode);

            return self::error($code, $task->failReason ?? 'the task was cancelled', $task->id);
        }
        $shape = ['success' => true, 'task_id' => $task->id, 'trace_id' => $task->id, 'progress' => $task->progress];
        $image = $task->images[0] ?? null;
        if ($image !== null) {
            $shape += [
                'image_id' => $task->id,
                'image_url' => $image->url,
                'image_width' => $image->width,
                'image_height' => $image->height,
                'raw_image_url' => $image->url,
                'raw_image_width' => $image->width,
                'raw_image_height' => $image->height,
            ];
        }
        if ($task->action->is(Action::DESCRIBE, Action::SHORTEN) && $task->succeeded()) {
            $shape['descriptions'] = array_values($task->texts);
        }
        if ($task->action->is(Action::SEED) && $task->succeeded()) {
            $shape['seed'] = (string) $task->seed;
        }
        $shape['actions'] = [];
        foreach ($task->buttons as $button) {
            if ($button->action !== null && !$button->isMenu()) {
                $shape['actions'][] = self::NAMES[$button->action] ?? $button->action;
            }
        }

        return $shape;
    }

    /** @return array<string, mixed> */
    public static function error(string $code, string $message, ?string $taskId = null): array
    {
        $ids = $taskId === null ? [] : ['task_id' => $taskId, 'trace_id' => $taskId];

        return ['success' => false] + $ids + ['error' => ['code' => $code, 'message' => $message]];
    }

    /** Our name for one of its buttons. */
    public static function button(string $name): string
    {
        $found = array_search($name, self::NAMES, true);

        return $found === false ? $name : $found;
    }
}
