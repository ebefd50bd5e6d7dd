<?php

declare(strict_types=1);

namespace Mj\Studio;

use Mj\Client;
use Mj\MjException;
use Mj\Task;

/**
 * Pictures by the studio's own address: a browser needs to reach neither Discord nor whatever stands for it. Finished and
 * half-done ones come by `mj_download()`, and so from the archive, through `mj.proxy`, and by an address that is asked for
 * anew when it has expired.
 */
final class Pictures
{
    /** Longer sides, in pixels, that the page asks for; 0 is the picture as it is. */
    private const WIDTHS = [0, 640, 1280];

    /** Of how many fetches one looks whether the cache is too large. */
    private const PRUNE = 20;

    /** Seconds for which a half-done picture may hold a worker, and for which one that took them all is remembered. */
    private const TIMEOUT = 5;
    private const REST = 60;

    /** Seconds that a finished picture may take, and those that it may take after one that was slow. */
    private const QUICK = 20;
    private const SLOW = 90;

    private string $directory;

    /** Tells when the last half-done picture took too long. */
    private string $failed;

    /** Tells when the last finished one was slow. */
    private string $slow;

    /**
     * @param (\Closure(): bool)|null $free  whether there is a worker for somebody else; null asks PHP-FPM
     * @param float                   $quick seconds after which a finished picture was slow
     */
    public function __construct(private Client $mj, private Settings $settings, private ?\Closure $free = null, private float $quick = self::QUICK)
    {
        $this->directory = "$settings->directory/pictures";
        $this->failed = "$settings->directory/previews-failed";
        $this->slow = "$settings->directory/pictures-slow";
        if (!is_dir($this->directory)) {
            @mkdir($this->directory, 0700);
        }
    }

    public function finished(string $id, int $index, int $width): Response
    {
        if (!in_array($width, self::WIDTHS, true)) {
            throw new Refusal(422, 'invalid', 'w must be one of ' . implode(', ', self::WIDTHS));
        }
        $file = $this->file($id, $index, (string) $width);
        if (!is_file($file)) {
            if (!isset($this->task($id)->images[$index])) {
                throw self::missing();
            }
            $this->fetchFinished($id, (string) $width, $width === 0 ? [] : ['thumbnail' => $width, 'format' => 'jpeg', 'quality' => 88]);
        }

        return self::response((string) @file_get_contents($file));
    }

    /** The half-done picture of a task; several who look at it fetch it once. */
    public function preview(string $id): Response
    {
        // The signature behind it may change, the picture does not.
        $address = explode('?', (string) $this->task($id)->previewUrl)[0];
        $variant = 'preview-' . substr(md5($address), 0, 8);
        $file = $this->file($id, 0, $variant);
        if (!is_file($file)) {
            $this->fetchPreview($id, $variant);
        }

        return self::response((string) @file_get_contents($file));
    }

    /**
     * The files of a task's pictures, as they are, or as the four cells of a grid beside it.
     *
     * @return array<string, string> paths by the names that they shall have; empty when they cannot be had
     */
    public function files(Task $task, bool $cells): array
    {
        $files = [];
        $variants = ['' => '0'] + ($cells && $task->offers('upscale1') ? ['-cell' => 'cells'] : []);
        foreach ($variants as $name => $variant) {
            if (!is_file($this->file($task->id, 0, $variant))) {
                try {
                    $this->fetch($task->id, $variant, ['timeout' => self::SLOW] + ($variant === 'cells' ? ['split' => true] : []));
                } catch (Refusal) {
                    continue;
                }
            }
            for ($index = 0; is_file($file = $this->file($task->id, $index, $variant)); $index++) {
                $extension = explode('/', self::type((string) file_get_contents($file, false, null, 0, 16)) ?? '/bin')[1];
                $files["$task->id$name-" . ($index + 1) . ".$extension"] = $file;
            }
        }

        return $files;
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

    /**
     * Puts all pictures of a task into the cache: they come in one call.
     *
     * @param array<string, mixed> $options of `mj_download()`
     */
    private function fetch(string $id, string $variant, array $options): void
    {
        $place = "$this->directory/." . bin2hex(random_bytes(8));
        mkdir($place, 0700);
        try {
            foreach (array_reverse($this->mj->download($id, $place, $options), true) as $index => $path) {
                rename($path, $this->file($id, $index, $variant));
            }
        } catch (MjException|\ValueError) {
            throw self::missing();
        } finally {
            array_map('unlink', glob("$place/*") ?: []);
            rmdir($place);
        }
        if (random_int(1, self::PRUNE) === 1) {
            $this->prune();
        }
    }

    /**
     * Puts the pictures of a finished task into the cache. Where they come slowly, or not at all, none takes the last worker.
     *
     * @param array<string, mixed> $options of `mj_download()`
     */
    private function fetchFinished(string $id, string $variant, array $options): void
    {
        clearstatcache(true, $this->slow);
        $isSlow = (int) @filemtime($this->slow) > time() - self::REST;
        $isOneFree = $this->free ?? static fn(): bool => Workers::isOneFree();
        if ($isSlow && !$isOneFree()) {
            throw self::missing();
        }
        $begun = hrtime(true);
        try {
            $this->fetch($id, $variant, $options + ['timeout' => $isSlow ? self::SLOW : self::QUICK]);
        } finally {
            if ((hrtime(true) - $begun) / 1e9 >= $this->quick) {
                touch($this->slow);
            } elseif ($isSlow) {
                @unlink($this->slow);
            }
        }
    }

    /** Puts the half-done picture of a task into the cache, if it has one; where nobody answers, that is not tried each time. */
    private function fetchPreview(string $id, string $variant): void
    {
        clearstatcache(true, $this->failed);
        if ((int) @filemtime($this->failed) > time() - self::REST) {
            throw self::missing();
        }
        $begun = hrtime(true);
        try {
            $this->fetch($id, $variant, ['preview' => true, 'timeout' => self::TIMEOUT]);
        } catch (Refusal $missing) {
            if (hrtime(true) - $begun >= self::TIMEOUT * 1_000_000_000) {
                touch($this->failed);
            }
            throw $missing;
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
            if ($sum > $this->settings->cache) {
                @unlink($file);
            }
        }
    }

    private function file(string $id, int $index, string $variant): string
    {
        return "$this->directory/$id-$index-$variant";
    }

    private function task(string $id): Task
    {
        return $this->mj->poll($id) ?? throw self::missing();
    }

    private static function response(string $bytes): Response
    {
        return Response::picture($bytes, self::type($bytes) ?? throw self::missing());
    }

    private static function missing(): Refusal
    {
        return new Refusal(404, 'no_image', 'There is no such picture now');
    }
}
