<?php

declare(strict_types=1);

namespace Mj\Studio;

use Mj\Image;
use Mj\Task;

/** A task as the page gets it: no address of Discord's, pictures by our own. */
final class View
{
    private const KEYS = [
        'id', 'action', 'status', 'progress', 'prompt', 'final_prompt', 'parent_id', 'group_id', 'account', 'mode', 'texts', 'buttons',
        'fail_code', 'fail_reason', 'retryable', 'late', 'seed', 'queue_position', 'stage', 'notes', 'revision', 'created_at', 'finished_at',
        'estimated_at',
    ];

    /** @return array<string, mixed> */
    public static function task(Task $task): array
    {
        $seen = array_intersect_key($task->toArray(), array_flip(self::KEYS));
        $seen['images'] = array_map(
            static fn(Image $image, int $index): array => [
                'src' => "pictures/$task->id/$index",
                'width' => $image->width,
                'height' => $image->height,
                'name' => self::name($task, $index, (string) $image->contentType),
                'video' => str_starts_with((string) $image->contentType, 'video/'),
            ],
            $task->images,
            array_keys($task->images),
        );
        $seen['preview'] = $task->previewUrl === null || $task->isFinished() ? null : "previews/$task->id/$task->revision";

        return $seen;
    }

    /** The name under which a picture is downloaded. */
    private static function name(Task $task, int $index, string $type): string
    {
        $extension = ['image/png' => 'png', 'image/jpeg' => 'jpg', 'image/webp' => 'webp', 'image/gif' => 'gif', 'video/mp4' => 'mp4'][$type] ?? 'png';

        return "$task->id-" . ($index + 1) . ".$extension";
    }

    /**
     * @param iterable<Task> $tasks
     *
     * @return list<array<string, mixed>>
     */
    public static function tasks(iterable $tasks): array
    {
        $seen = [];
        foreach ($tasks as $task) {
            $seen[] = self::task($task);
        }

        return $seen;
    }
}
