<?php

declare(strict_types=1);

namespace Mj\Console;

use Mj\Client;
use Mj\MjException;
use Mj\Task;

/** The bytes of pictures for the terminal: small ones, and none rather than an error. */
final class Preview
{
    /** Longer side in pixels of a finished picture. */
    private const SIDE = 800;

    /** Bytes, and seconds, that a half-done picture may take. */
    private const LARGEST = 4 * 1024 * 1024;
    private const TIME = 3.0;

    /** Seconds between two half-done pictures. */
    private const PAUSE = 1.0;

    private string $seen = '';

    private float $next = 0.0;

    private int $failures = 0;

    public function __construct(private Client $client) {}

    /** The half-done picture, where it is another one than before. */
    public function halfDone(Task $task): ?string
    {
        $url = (string) $task->previewUrl;
        $now = hrtime(true) / 1e9;
        if ($url === $this->seen || $now < $this->next || $this->failures > 2 || preg_match('~^https?://~i', $url) !== 1) {
            return null;
        }
        $this->seen = $url;
        $http = $this->http();
        $bytes = $http === null ? false : @file_get_contents($url, false, stream_context_create(['http' => $http]), 0, self::LARGEST);
        $this->failures = $bytes === false || $bytes === '' ? $this->failures + 1 : 0;
        $this->next = hrtime(true) / 1e9 + self::PAUSE;

        return $bytes === false || $bytes === '' ? null : $bytes;
    }

    /**
     * The pictures of a finished task, made small by the extension.
     *
     * @return list<string>
     */
    public function finished(Task $task, int $most): array
    {
        $isPicture = $task->images !== [] && str_starts_with((string) ($task->images[0]->contentType ?? 'image/'), 'image/');
        $directory = sys_get_temp_dir() . '/mj-' . bin2hex(random_bytes(8));
        if (!$isPicture || !@mkdir($directory, 0700)) {
            return [];
        }
        $pictures = [];
        try {
            // Of a group of forty no more are fetched than are shown.
            foreach (array_slice($task->isGroup() ? $task->tasks : [$task->id], 0, $most) as $id) {
                array_push($pictures, ...$this->fetched($id, $directory));
            }
        } finally {
            foreach (array_diff(scandir($directory) ?: [], ['.', '..']) as $name) {
                unlink("$directory/$name");
            }
            rmdir($directory);
        }

        return array_slice($pictures, 0, $most);
    }

    /** @return list<string> */
    private function fetched(string $id, string $directory): array
    {
        try {
            $paths = $this->client->download($id, $directory, ['format' => 'png', 'thumbnail' => self::SIDE, 'timeout' => 30]);
        } catch (MjException|\ValueError) {
            return [];
        }

        return array_values(array_filter(array_map(static fn(string $path): string => (string) @file_get_contents($path), $paths)));
    }

    /**
     * Options for PHP's streams, with the proxy of the settings; null where they know none of its kind.
     *
     * @return array<string, mixed>|null
     */
    private function http(): ?array
    {
        $http = ['timeout' => self::TIME, 'follow_location' => 0, 'user_agent' => 'mj'];
        $proxy = $this->client->status()['configuration']['proxy']['value'] ?? null;
        if (is_string($proxy) && $proxy !== '') {
            if (preg_match('~^http://([^/@\s]+:\d+)/?$~i', $proxy, $found) !== 1) {
                return null;
            }
            $http += ['proxy' => "tcp://$found[1]", 'request_fulluri' => true];
        }

        return $http;
    }
}
