<?php

declare(strict_types=1);

namespace Mj\Studio;

use Mj\Client;
use Mj\MjException;
use Mj\Task;

/**
 * Pictures by the studio's own address: a browser needs to reach neither Discord nor whatever stands for it, and an
 * address that has expired is asked for anew.
 */
final class Pictures
{
    /** Longer sides, in pixels, that the page asks for; 0 is the picture as it is. */
    private const WIDTHS = [0, 640, 1280];

    private const PREVIEW_LARGEST = 8 * 1024 * 1024;

    private string $directory;

    public function __construct(private Client $mj, string $directory, private int $cache)
    {
        $this->directory = "$directory/pictures";
        if (!is_dir($this->directory)) {
            @mkdir($this->directory, 0700);
        }
    }

    public function finished(string $id, int $index, int $width): Response
    {
        if (!in_array($width, self::WIDTHS, true)) {
            throw new Refusal(422, 'invalid', 'w must be one of ' . implode(', ', self::WIDTHS));
        }
        $file = "$this->directory/$id-$index-$width";
        $bytes = @file_get_contents($file);
        if ($bytes === false) {
            $this->fetch($id, $index, $width);
            $bytes = @file_get_contents($file);
        }
        $type = $bytes === false ? null : self::type($bytes);

        return $bytes === false || $type === null ? throw self::missing() : Response::picture($bytes, $type);
    }

    /** The half-done picture of a task. */
    public function preview(string $id): Response
    {
        $url = $this->task($id)->previewUrl;
        if ($url === null || preg_match('~^https?://~', $url) !== 1) {
            throw self::missing();
        }
        $context = stream_context_create(['http' => ['timeout' => 8, 'follow_location' => 0, 'user_agent' => 'mj-studio']]);
        $bytes = @file_get_contents($url, false, $context, 0, self::PREVIEW_LARGEST);
        $type = $bytes === false ? null : self::type($bytes);
        if ($bytes === false || $type === null || !str_starts_with($type, 'image/')) {
            throw self::missing();
        }

        return Response::picture($bytes, $type);
    }

    /** The type by the first bytes; null for what is no picture or video. */
    public static function type(string $bytes): ?string
    {
        return match (true) {
            str_starts_with($bytes, "\x89PNG\r\n\x1a\n") => 'image/png',
            str_starts_with($bytes, "\xff\xd8\xff") => 'image/jpeg',
            str_starts_with($bytes, 'GIF8') => 'image/gif',
            str_starts_with($bytes, 'RIFF') && substr($bytes, 8, 4) === 'WEBP' => 'image/webp',
            substr($bytes, 4, 4) === 'ftyp' => 'video/mp4',
            default => null,
        };
    }

    /** Puts all pictures of a task into the cache: they come in one call. */
    private function fetch(string $id, int $index, int $width): void
    {
        if (!isset($this->task($id)->images[$index])) {
            throw self::missing();
        }
        $place = "$this->directory/." . bin2hex(random_bytes(8));
        mkdir($place, 0700);
        try {
            $options = $width === 0 ? [] : ['thumbnail' => $width, 'format' => 'jpeg', 'quality' => 88];
            foreach ($this->mj->download($id, $place, $options) as $number => $path) {
                rename($path, "$this->directory/$id-$number-$width");
            }
        } catch (MjException) {
            throw self::missing();
        } finally {
            array_map('unlink', glob("$place/*") ?: []);
            rmdir($place);
        }
        if (random_int(1, 20) === 1) {
            $this->prune();
        }
    }

    /** Deletes what was made longest ago, until the rest fits. */
    private function prune(): void
    {
        $times = [];
        foreach (glob("$this->directory/*") ?: [] as $file) {
            $times[$file] = (int) @filemtime($file);
        }
        arsort($times);
        $sum = 0;
        foreach (array_keys($times) as $file) {
            $sum += (int) @filesize($file);
            if ($sum > $this->cache) {
                @unlink($file);
            }
        }
    }

    private function task(string $id): Task
    {
        return $this->mj->poll($id) ?? throw self::missing();
    }

    private static function missing(): Refusal
    {
        return new Refusal(404, 'no_image', 'There is no such picture now');
    }
}
