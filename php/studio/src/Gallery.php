<?php

declare(strict_types=1);

namespace Mj\Studio;

use Mj\Client;
use Mj\Task;

/** The list of tasks, newest first, searched by words and kind. */
final class Gallery
{
    /** Tasks in a part, about. */
    private const PART = 24;

    /** Tasks that one request looks at; a search for what is rare goes on in the next. */
    private const LOOKS = 1200;

    /** Bytes of what is searched for: the page's 200 characters of any writing. */
    private const LONGEST = 800;

    /** Which tasks a kind has: by status, then by what they are. */
    private const KINDS = [
        'all' => [[], []],
        'open' => [['NOT_START', 'SUBMITTED', 'MODAL', 'IN_PROGRESS'], []],
        'pictures' => [['SUCCESS'], ['IMAGINE', 'VARIATION', 'REROLL', 'ACTION', 'BLEND', 'UPSCALE', 'SHOW']],
        'upscales' => [['SUCCESS'], ['UPSCALE']],
        'words' => [['SUCCESS'], ['DESCRIBE', 'SHORTEN']],
        'failed' => [['FAILURE', 'CANCEL'], []],
    ];

    public function __construct(private Client $mj) {}

    /** @return array{tasks: list<array<string, mixed>>, cursor: ?string} */
    public function part(string $words, string $kind, string $cursor): array
    {
        [$statuses, $actions] = self::KINDS[$kind] ?? throw new Refusal(422, 'invalid', 'kind must be one of ' . implode(', ', array_keys(self::KINDS)));
        $filter = $statuses === [] ? [] : ['status' => $statuses];
        // Spaces of all writings.
        $wanted = strlen($words) > self::LONGEST ? false : preg_split('/\s+/u', self::folded($words), 12, PREG_SPLIT_NO_EMPTY);
        if ($wanted === false || preg_match('//u', $words) !== 1) {
            throw new Refusal(422, 'invalid', 'q must be UTF-8, and at most ' . self::LONGEST . ' bytes long');
        }
        $next = $cursor === '' ? null : $cursor;
        $found = [];
        for ($looked = 0; $looked < self::LOOKS && count($found) < self::PART; $looked += self::PART) {
            $page = $this->mj->tasks($filter, self::PART, $next);
            foreach ($page as $task) {
                if (($actions === [] || $task->action->is(...$actions)) && self::has($task, $wanted)) {
                    $found[] = View::task($task);
                }
            }
            $next = $page->cursor();
            if ($next === null) {
                break;
            }
        }

        return ['tasks' => $found, 'cursor' => $next];
    }

    /** @param list<string> $words */
    private static function has(Task $task, array $words): bool
    {
        if ($words === []) {
            return true;
        }
        $text = self::folded(implode("\n", [$task->prompt, (string) $task->finalPrompt, $task->id, (string) $task->jobId, ...array_values($task->texts)]));
        foreach ($words as $word) {
            if (!str_contains($text, $word)) {
                return false;
            }
        }

        return true;
    }

    private static function folded(string $text): string
    {
        return function_exists('mb_strtolower') ? mb_strtolower($text, 'UTF-8') : strtolower($text);
    }
}
