<?php

declare(strict_types=1);

namespace Mj\Console;

use Mj\Task;
use Symfony\Component\Console\Formatter\OutputFormatter;
use Symfony\Component\Console\Helper\Helper;

/** Words of others, made fit for a terminal and for the console's formatter; and our own words for what a task is. */
final class Text
{
    private const STATUSES = [
        'NOT_START' => 'waits in the queue', 'SUBMITTED' => 'sent', 'MODAL' => 'answering a dialog', 'IN_PROGRESS' => 'drawing',
        'SUCCESS' => 'done', 'FAILURE' => 'failed', 'CANCEL' => 'cancelled',
    ];

    /**
     * Text from outside on one line: no control characters, nothing that turns the direction of writing, no tags of the
     * formatter's.
     */
    public static function line(string $text): string
    {
        return self::escape(trim((string) preg_replace('/\s+/u', ' ', self::visible($text))));
    }

    /** The same for at most so many columns, with an ellipsis where something is cut. */
    public static function cut(string $text, int $columns): string
    {
        $line = trim((string) preg_replace('/\s+/u', ' ', self::visible($text)));
        if (Helper::width($line) <= $columns) {
            return self::escape($line);
        }
        while ($line !== '' && Helper::width($line) > max(0, $columns - 1)) {
            $line = (string) preg_replace('/.$/su', '', $line);
        }

        return self::escape("{$line}…");
    }

    /** Text from outside without what a terminal would obey, or a reader would be misled by. */
    public static function visible(string $text): string
    {
        $valid = preg_match('//u', $text) === 1 ? $text : (string) preg_replace('/[\x80-\xff]/', '?', $text);

        return (string) preg_replace(
            '/[\x{0}-\x{1f}\x{7f}-\x{9f}\x{61c}\x{200e}\x{200f}\x{2028}\x{2029}\x{202a}-\x{202e}\x{2066}-\x{2069}\x{feff}]/u',
            ' ',
            $valid,
        );
    }

    /** What a task is at, in words. */
    public static function state(Task $task): string
    {
        $words = [self::STATUSES[$task->status->value] ?? self::line($task->status->value)];
        if (!$task->isFinished()) {
            $words[] = $task->stage === null ? null : self::line($task->stage);
            $words[] = $task->queuePosition === null || $task->queuePosition === 0 ? null : "$task->queuePosition before it";
        } elseif ($task->failCode !== null) {
            $words[] = self::line($task->failCode->value);
        }
        $words[] = $task->late ? 'late' : null;

        return implode(', ', array_filter($words, static fn(?string $word): bool => $word !== null));
    }

    /** For how long a task has been worked on, or was. */
    public static function duration(Task $task, ?int $now = null): string
    {
        $begun = $task->toArray()['created_at'];
        $ended = $task->toArray()['finished_at'] ?? $now ?? (int) (microtime(true) * 1000);

        return self::seconds(max(0, $ended - $begun) / 1000);
    }

    /** How long ago a task was submitted. */
    public static function age(Task $task): string
    {
        return self::seconds(max(0, microtime(true) - $task->toArray()['created_at'] / 1000));
    }

    public static function seconds(float $seconds): string
    {
        return match (true) {
            $seconds < 60 => (int) $seconds . ' s',
            $seconds < 3600 => intdiv((int) $seconds, 60) . ' min ' . (int) $seconds % 60 . ' s',
            $seconds < 86400 => intdiv((int) $seconds, 3600) . ' h ' . intdiv((int) $seconds % 3600, 60) . ' min',
            default => intdiv((int) $seconds, 86400) . ' d ' . intdiv((int) $seconds % 86400, 3600) . ' h',
        };
    }

    /** The name of a kind of task, as people write it. */
    public static function action(Task $task): string
    {
        return self::line(strtolower($task->action->value));
    }

    /** As a JSON text on one line, of ASCII alone: no terminal obeys anything in it. */
    public static function json(mixed $value): string
    {
        return json_encode($value, JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES | JSON_INVALID_UTF8_SUBSTITUTE | JSON_PRESERVE_ZERO_FRACTION);
    }

    /** `OutputFormatter::escape()` leaves some signs in a row as they are: behind it `<<<href=https://evil.example>>` is a link. */
    private static function escape(string $visible): string
    {
        return OutputFormatter::escapeTrailingBackslash((string) preg_replace('/[<>]/', '\\\\$0', $visible));
    }
}
