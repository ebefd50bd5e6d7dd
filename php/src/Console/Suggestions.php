<?php

declare(strict_types=1);

namespace Mj\Console;

use Mj\Action;
use Mj\Button;
use Mj\Status;

/** What the shell's completion offers. Whatever goes wrong offers nothing. */
final class Suggestions
{
    /** Tasks that are offered, the newest first. */
    private const TASKS = 30;

    public function __construct(private Console $console) {}

    /** @return list<string> */
    public function ofOption(string $name): array
    {
        return match ($name) {
            'account' => $this->accounts(),
            'action' => self::words(Action::cases()),
            'ar', 'aspect' => ['1:1', '2:3', '3:2', '3:4', '4:3', '16:9', '9:16'],
            'bot' => Options::BOTS,
            'dimensions' => ['portrait', 'square', 'landscape'],
            'format' => ['keep', 'png', 'jpeg', 'webp'],
            'group', 'parent' => $this->tasks(),
            'lang' => ['en', 'zh'],
            'mode' => Options::MODES,
            'motion' => ['low', 'high'],
            'pictures' => Terminal::PICTURES,
            'status' => self::words(Status::cases()),
            'style' => ['raw'],
            default => [],
        };
    }

    /** @return list<string> ids of the newest tasks */
    public function tasks(): array
    {
        try {
            $ids = [];
            foreach ($this->console->client()->tasks([], self::TASKS) as $task) {
                $ids[] = $task->id;
            }

            return [...$ids, 'last'];
        } catch (\Throwable) {
            return [];
        }
    }

    /** @return list<string> names of the buttons that a task has; none where that is not known */
    public function buttons(string $id): array
    {
        try {
            $task = $id === 'last' ? $this->console->client()->tasks([], 1)->tasks()[0] ?? null : $this->console->client()->poll($id);
            $names = array_map(static fn(Button $button): ?string => $button->action, $task === null ? [] : $task->buttons);

            return array_values(array_filter($names, static fn(?string $name): bool => $name !== null));
        } catch (\Throwable) {
            return [];
        }
    }

    /** @return list<string> names of the buttons of a task, or of all that there are */
    public function actions(string $id): array
    {
        $offered = $this->buttons($id);
        if ($offered !== []) {
            return $offered;
        }
        $all = array_values(array_filter((new \ReflectionClass(Button::class))->getConstants(), 'is_string'));

        return ['upscale1', 'upscale2', 'upscale3', 'upscale4', 'variation1', 'variation2', 'variation3', 'variation4', ...$all];
    }

    /** @return list<string> */
    private function accounts(): array
    {
        try {
            return array_column($this->console->client()->status()['accounts'], 'name');
        } catch (\Throwable) {
            return [];
        }
    }

    /**
     * @param list<Action>|list<Status> $words
     *
     * @return list<string>
     */
    private static function words(array $words): array
    {
        return array_map(static fn(Action|Status $word): string => $word->value, $words);
    }
}
