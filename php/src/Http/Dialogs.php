<?php

declare(strict_types=1);

namespace Mj\Http;

use Mj\Button;
use Mj\Task;

/**
 * Buttons that were pressed and whose dialogs wait for their words: what midjourney-proxy answers with the code 21. The
 * caller knows the task by the dialog's id, before and after the words came.
 *
 * @internal
 *
 * @phpstan-type Dialog array{
 *     id: string,
 *     parent: string,
 *     button: string,
 *     prompt: string,
 *     state: string|null,
 *     hook: string,
 *     mode: string|null,
 *     created: int,
 *     task: string|null,
 *     cancelled: int|null
 * }
 */
final class Dialogs
{
    /** Ids of tasks are times, and begin with a digit for some thousand years. */
    private const ID = '/^M[0-9A-HJKMNP-TV-Z]{25}$/D';
    private const LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
    /** Seconds, the longest that the extension keeps finished tasks by default many times over. */
    private const KEPT = 90 * 86_400;

    public function __construct(private Place $place) {}

    public static function isId(string $id): bool
    {
        return preg_match(self::ID, $id) === 1;
    }

    /**
     * @return Dialog
     */
    public function open(Task $parent, Button $button, ?string $state, string $hook, ?string $mode): array
    {
        $id = 'M';
        while (strlen($id) < 26) {
            $id .= self::LETTERS[random_int(0, 31)];
        }
        $dialog = [
            'id' => $id,
            'parent' => $parent->id,
            'button' => $button->customId,
            'prompt' => self::prompt($parent, (string) $button->action),
            'state' => $state,
            'hook' => $hook,
            'mode' => $mode,
            'created' => (int) (microtime(true) * 1000),
            'task' => null,
            'cancelled' => null,
        ];
        Place::tidy($this->place->directory('dialogs'), self::KEPT);
        $this->write($dialog);

        return $dialog;
    }

    /** @return Dialog|null */
    public function find(string $id): ?array
    {
        $text = self::isId($id) ? Place::read($this->path($id)) : null;
        if ($text === null) {
            return null;
        }
        /** @var Dialog|null $dialog we wrote it; a disk may have lost it since */
        $dialog = json_decode($text, true, 8);

        return $dialog;
    }

    /**
     * Looks at a dialog and does something with it while nobody else does: of words that are sent and a cancel, both would
     * be believed.
     *
     * @template T
     *
     * @param \Closure(): T $work
     *
     * @return T
     */
    public function alone(string $id, \Closure $work): mixed
    {
        if ($this->find($id) === null) {
            return $work();
        }
        $lock = Place::lock($this->place->directory('locks') . '/' . substr($id, -2));
        try {
            return $work();
        } finally {
            // A forked child may have it open, too.
            flock($lock, LOCK_UN);
            fclose($lock);
        }
    }

    /**
     * Its words came, and made a task.
     *
     * @param Dialog $dialog
     */
    public function answered(array $dialog, string $taskId): void
    {
        Place::write($this->path("$taskId.of"), $dialog['id']);
        $dialog['task'] = $taskId;
        $this->write($dialog);
    }

    /** @param Dialog $dialog */
    public function cancelled(array $dialog): void
    {
        $dialog['cancelled'] = (int) (microtime(true) * 1000);
        $this->write($dialog);
    }

    /** The id by which callers know a task that a dialog made; null for all others. */
    public function known(Task $task): ?string
    {
        return $task->parentId === null ? null : Place::read($this->path("$task->id.of"));
    }

    /** The task that a dialog made, and the id itself for all others; null when no words came yet. */
    public function task(string $id): ?string
    {
        return self::isId($id) ? $this->find($id)['task'] ?? null : $id;
    }

    /** The words that the dialog shows. */
    private static function prompt(Task $parent, string $action): string
    {
        $text = preg_match('/^imagine(\d)$/D', $action, $found) === 1 ? $parent->texts[(int) $found[1] - 1] ?? null : null;

        return $text === null
            ? $parent->finalPrompt ?? $parent->prompt
            : (string) preg_replace('/^\d\x{FE0F}?\x{20E3}\s*/u', '', $text);
    }

    /** @param Dialog $dialog */
    private function write(array $dialog): void
    {
        $flags = JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE | JSON_THROW_ON_ERROR;
        Place::write($this->path($dialog['id']), json_encode($dialog, $flags));
    }

    private function path(string $name): string
    {
        return $this->place->directory('dialogs') . "/$name";
    }
}
