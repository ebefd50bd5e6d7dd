<?php

declare(strict_types=1);

namespace Mj\Studio;

use Mj\Client;

/**
 * What happens to some tasks, as Server-Sent Events. A stream ends when its slice is over, or as soon as no worker is left
 * for anybody else; the browser connects anew and says by `Last-Event-ID` what it has seen, so nothing is lost and nothing
 * told twice.
 */
final class Changes
{
    /** Tasks in one stream. */
    public const MOST = 100;

    /** Seconds of silence after which a sign of life is sent: PHP sees only then that nobody listens any more. */
    private const SILENCE = 1.0;

    /** Milliseconds until the browser connects anew: after a slice, and after one look only. */
    private const SOON = 200;
    private const LATER = 1000;

    /**
     * @param float           $slice seconds for which a stream holds a worker
     * @param float           $pause seconds between two looks
     * @param callable(): bool $free whether there is a worker for somebody else
     */
    public function __construct(private Client $mj, private float $slice, private float $pause = 0.25, private $free = [Workers::class, 'isOneFree']) {}

    /**
     * @param string $seen the tasks and their revisions, as `ID.7_ID.12`; a revision of 0 has not been seen yet
     *
     * @return \Generator<int, string>
     *
     * @throws Refusal when it is not of that form
     */
    public function since(string $seen): \Generator
    {
        if (preg_match('/^[0-9A-Z]{26}\.\d{1,9}(_[0-9A-Z]{26}\.\d{1,9})*$/D', $seen) !== 1 || substr_count($seen, '_') >= self::MOST) {
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
        $now = self::now();
        $until = $now + $this->slice;
        $spoke = $now;
        yield 'retry: ' . ($this->slice > 0 ? self::SOON : self::LATER) . "\n\n";
        do {
            $open = false;
            foreach ($this->mj->pollMany(array_map('strval', array_keys($revisions))) as $id => $task) {
                $open = $open || ($task !== null && !$task->isFinished());
                if ($task === null) {
                    unset($revisions[$id]);
                    yield self::event('gone', $revisions, ['id' => $id]);
                } elseif ($task->revision !== $revisions[$id]) {
                    $revisions[$id] = $task->revision;
                    yield self::event('task', $revisions, View::task($task));
                } else {
                    continue;
                }
                $spoke = self::now();
            }
            if (!$open) {
                yield self::event('end', $revisions, []);

                return;
            }
            if (!($this->free)()) {
                yield 'retry: ' . self::LATER . "\n\n";

                return;
            }
            $now = self::now();
            if ($now - $spoke >= self::SILENCE) {
                $spoke = $now;
                yield ":\n\n";
            }
            if ($until > $now) {
                usleep(max(0, (int) (min($this->pause, $until - $now) * 1e6)));
            }
        } while ($until > $now);
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

    private static function now(): float
    {
        return hrtime(true) / 1e9;
    }
}
