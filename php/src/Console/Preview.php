<?php

declare(strict_types=1);

namespace Mj\Console;

use Mj\Client;
use Mj\MjException;
use Mj\Task;

/** Pictures for the terminal, made small by the extension: their bytes, and none rather than an error. */
final class Preview
{
    /** Longer side in pixels. */
    private const SIDE = 800;

    /** Seconds that a picture may take: a finished one, and a half-done one. */
    private const TIME = 30;
    private const SHORT = 3;

    /** Seconds between two half-done pictures. */
    private const PAUSE = 1.0;

    /** After so many half-done pictures that did not come, no more are tried. */
    private const FAILURES = 3;

    private string $seen = '';

    private float $next = 0.0;

    private int $failures = 0;

    public function __construct(private Client $client) {}

    /** The half-done picture, where it is another one than before. */
    public function halfDone(Task $task): ?string
    {
        // The signature behind it may change, the picture does not.
        $address = explode('?', (string) $task->previewUrl)[0];
        if ($address === '' || $address === $this->seen || hrtime(true) / 1e9 < $this->next || $this->failures >= self::FAILURES) {
            return null;
        }
        $pictures = $this->fetched($task->id, ['preview' => true, 'timeout' => self::SHORT]);
        if ($pictures === null) {
            $this->failures++;
        } else {
            [$this->seen, $this->failures] = [$address, 0];
        }
        $this->next = hrtime(true) / 1e9 + self::PAUSE;

        return $pictures[0] ?? null;
    }

    /**
     * The pictures of a finished task.
     *
     * @return list<string>
     */
    public function finished(Task $task, int $most): array
    {
        if ($task->images === [] || !str_starts_with((string) ($task->images[0]->contentType ?? 'image/'), 'image/')) {
            return [];
        }
        $pictures = [];
        // Of a group of forty no more are fetched than are shown.
        foreach (array_slice($task->isGroup() ? $task->tasks : [$task->id], 0, $most) as $id) {
            array_push($pictures, ...$this->fetched($id, ['timeout' => self::TIME]) ?? []);
        }

        return array_slice($pictures, 0, $most);
    }

    /**
     * @param array<string, mixed> $options of the extension's download
     *
     * @return list<string>|null null where they cannot be had
     */
    private function fetched(string $id, array $options): ?array
    {
        $directory = sys_get_temp_dir() . '/mj-' . bin2hex(random_bytes(8));
        if (!@mkdir($directory, 0700)) {
            return null;
        }
        try {
            $paths = $this->client->download($id, $directory, $options + ['format' => 'png', 'thumbnail' => self::SIDE]);

            return array_values(array_filter(array_map(static fn(string $path): string => (string) @file_get_contents($path), $paths)));
        } catch (MjException|\ValueError) {
            return null;
        } finally {
            foreach (array_diff(scandir($directory) ?: [], ['.', '..']) as $name) {
                unlink("$directory/$name");
            }
            rmdir($directory);
        }
    }
}
