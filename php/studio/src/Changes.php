<?php

declare(strict_types=1);

namespace Mj\Studio;

use Mj\Client;

/**
 * What happens to some tasks, as Server-Sent Events. A stream ends when its slice is over; the browser connects anew and
 * says by `Last-Event-ID` what it has seen, so nothing is lost and nothing told twice.
 */
final class Changes
{
    /** Tasks in one stream. */
    public const MOST = 100;

    public function __construct(private Client $mj, private float $slice, private float $pause = 0.25) {}

    /**
     * @param string $seen the tasks and their revisions, as `ID.7_ID.12`; a revision of 0 has not been seen yet
     *
     * @return \Generator<int, string>
     *
     * @throws Refusal when it is not of that form
     */
    public function since(string $seen): \Generator
    {
        if (preg_match('/^[0-9A-Z]{26}\.\d{1,9}(_[0-9A-Z]{26}\.\d{1,9})*$/', $seen) !== 1 || substr_count($seen, '_') >= self::MOST) {
            throw new Refusal(422, 'invalid', 'tasks must be ids with revisions, at most ' . self::MOST);
        }
        $revisions = [];
        foreach (explode('_', $seen) as $one) {
            [$id, $revision] = explode('.', $one);
            $revisions[$id] = (int) $revision;
        }

        return $this->stream($revisions);
    }

    /**
     * @param array<string, int> $revisions
     *
     * @return \Generator<int, string>
     */
    private function stream(array $revisions): \Generator
    {
        $until = hrtime(true) / 1e9 + $this->slice;
        yield 'retry: ' . ($this->slice > 0 ? 200 : 1000) . "\n\n";
        do {
            $open = false;
            foreach ($this->mj->pollMany(array_map('strval', array_keys($revisions))) as $id => $task) {
                $open = $open || ($task !== null && !$task->isFinished());
                if ($task !== null && $task->revision !== $revisions[$id]) {
                    $revisions[$id] = $task->revision;
                    yield self::event('task', $revisions, View::task($task));
                }
            }
            if (!$open) {
                yield self::event('end', $revisions, []);

                return;
            }
            $left = $until - hrtime(true) / 1e9;
            if ($left > 0) {
                usleep((int) (min($this->pause, $left) * 1e6));
            }
        } while ($left > 0);
    }

    /**
     * @param array<string, int>   $revisions
     * @param array<string, mixed> $data
     */
    private static function event(string $name, array $revisions, array $data): string
    {
        $seen = implode('_', array_map(static fn(string $id, int $revision): string => "$id.$revision", array_keys($revisions), $revisions));
        $json = json_encode($data, JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES | JSON_INVALID_UTF8_SUBSTITUTE);

        return "event: $name\nid: $seen\ndata: $json\n\n";
    }
}
