<?php

declare(strict_types=1);

namespace Mj\Http;

use Mj\Action;
use Mj\FailCode;
use Mj\Status;
use Mj\Task;

/**
 * A task as midjourney-proxy writes it.
 *
 * @internal
 *
 * @phpstan-import-type Dialog from Dialogs
 */
final class ProxyShape
{
    /** Discord's number for a button. */
    private const BUTTON = 2;
    /** Why a task ended that was cancelled. There, it is a failure; and resellers give money back where there is a reason. */
    private const CANCELLED = 'cancelled';

    private function __construct() {}

    /**
     * @param string|null $id the one by which the caller knows it, where it is not its own
     *
     * @return array<string, mixed>
     */
    public static function task(Task $task, ?string $id = null): array
    {
        $record = $task->toArray();
        $status = match ($record['status']) {
            // Where the extension answers a dialog itself, nothing is awaited of the caller.
            Status::MODAL => Status::SUBMITTED,
            Status::CANCEL => Status::FAILURE,
            default => $record['status'],
        };
        $action = $task->action->is(Action::COMMAND, Action::SEED) ? Action::ACTION : $record['action'];
        $read = $task->action->is(Action::DESCRIBE, Action::SHORTEN) ? self::numbered($record['texts']) : null;
        $prompt = $record['prompt'] === '' && $read !== null ? $read : $record['prompt'];

        return [
            'id' => $id ?? $record['id'],
            'action' => $action,
            'status' => $status,
            'prompt' => $prompt,
            'promptEn' => $prompt,
            'description' => self::description($record),
            'state' => $record['state'],
            'submitTime' => $record['created_at'],
            // Clients take it from the end, also of what was never sent.
            'startTime' => $record['submitted_at'] ?? ($record['finished_at'] === null ? null : $record['created_at']),
            'finishTime' => $record['finished_at'],
            'progress' => self::progress($status, $record['progress']),
            'imageUrl' => $record['image_url'] ?? $record['preview_url'],
            'failReason' => $record['fail_reason'] ?? ($task->wasCancelled() ? self::CANCELLED : null),
            'properties' => (object) self::properties($task, $read),
            'buttons' => self::buttons($record['buttons']),
        ];
    }

    /**
     * A button that was pressed and whose dialog waits for `/mj/submit/modal`.
     *
     * @param Dialog $dialog
     *
     * @return array<string, mixed>
     */
    public static function dialog(array $dialog): array
    {
        $isCancelled = $dialog['cancelled'] !== null;

        return [
            'id' => $dialog['id'],
            'action' => Action::ACTION,
            'status' => $isCancelled ? Status::FAILURE : Status::MODAL,
            'prompt' => $dialog['prompt'],
            'promptEn' => $dialog['prompt'],
            'description' => 'Waiting for window confirm',
            'state' => $dialog['state'],
            'submitTime' => $dialog['created'],
            'startTime' => $isCancelled ? $dialog['created'] : null,
            'finishTime' => $dialog['cancelled'],
            'progress' => $isCancelled ? '' : '0%',
            'imageUrl' => null,
            'failReason' => $isCancelled ? self::CANCELLED : null,
            'properties' => (object) (['finalPrompt' => $dialog['prompt']] + ($isCancelled ? ['failCode' => FailCode::CANCELLED] : [])),
            'buttons' => [],
        ];
    }

    private static function progress(string $status, int $progress): ?string
    {
        return match ($status) {
            Status::NOT_START => null,
            Status::FAILURE => '',
            default => "$progress%",
        };
    }

    /** @param MjTask $record */
    private static function description(array $record): string
    {
        $text = match ($record['action']) {
            Action::IMAGINE => "/imagine {$record['prompt']}",
            Action::SHORTEN => "/shorten {$record['prompt']}",
            Action::DESCRIBE => '/describe',
            Action::BLEND => '/blend',
            Action::SHOW => "/show {$record['job_id']}",
            Action::REROLL => "/up {$record['parent_id']} R",
            default => "/up {$record['parent_id']}",
        };

        return rtrim($text);
    }

    /**
     * @param string|null $read the prompts that were read from a picture
     *
     * @return array<string, mixed> what is known, and nothing else
     */
    private static function properties(Task $task, ?string $read): array
    {
        $record = $task->toArray();
        $properties = [
            'finalPrompt' => $read ?? $record['final_prompt'],
            'messageId' => $record['message_id'],
            'messageHash' => $record['job_id'],
            'discordInstanceId' => $record['account'],
            'failCode' => $record['fail_code'] ?? ($task->wasCancelled() ? FailCode::CANCELLED : null),
            'numberOfQueues' => $record['queue_position'],
            'tasks' => $record['tasks'] ?? null,
        ];

        return array_filter($properties, static fn(mixed $value): bool => $value !== null);
    }

    /** @param array<string> $texts */
    private static function numbered(array $texts): ?string
    {
        $lines = [];
        foreach (array_values($texts) as $index => $text) {
            $lines[] = preg_match('/^\d\x{FE0F}?\x{20E3}/u', $text) === 1 ? $text : $index + 1 . "\u{FE0F}\u{20E3} $text";
        }

        return $lines === [] ? null : implode("\n\n", $lines);
    }

    /**
     * @param list<MjButton> $buttons
     *
     * @return list<array{customId: string, emoji: string, label: string, type: int, style: int}> without the menus
     */
    private static function buttons(array $buttons): array
    {
        $shown = [];
        foreach ($buttons as $button) {
            if (!isset($button['choices'])) {
                $shown[] = [
                    'customId' => $button['custom_id'],
                    'emoji' => $button['emoji'] ?? '',
                    'label' => $button['label'] ?? '',
                    'type' => self::BUTTON,
                    'style' => $button['style'],
                ];
            }
        }

        return $shown;
    }
}
