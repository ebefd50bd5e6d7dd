<?php

declare(strict_types=1);

namespace Mj\Http;

use Mj\Client;
use Mj\StorageException;

/**
 * The directory in which the relay keeps what is its own: dialogs that wait, counts, the key of webhooks. For PHP's user only.
 *
 * @internal
 */
final class Place
{
    private const KEY = 'key';

    private string $root;

    public function __construct(private Client $mj, Settings $settings)
    {
        $this->root = $settings->directory();
    }

    /** Makes a directory in it, where there is none. */
    public function directory(string $name): string
    {
        if ($this->root === '') {
            $this->root = $this->mj->status()['state_dir'] . '/relay';
        }
        $path = "$this->root/$name";
        if (!is_dir($path) && !@mkdir($path, 0700, true) && !is_dir($path)) {
            throw new StorageException("the relay's directory cannot be written: set MJ_RELAY_DIR");
        }

        return $path;
    }

    /** Writes a file that is there whole or not at all. */
    public static function write(string $path, string $text): void
    {
        $beside = "$path." . bin2hex(random_bytes(6)) . '.part';
        $mask = umask(0077);
        $isDone = @file_put_contents($beside, $text) === strlen($text) && @rename($beside, $path);
        umask($mask);
        if (!$isDone) {
            @unlink($beside);
            throw new StorageException("the relay's directory cannot be written: set MJ_RELAY_DIR");
        }
    }

    /** What is there; null when nothing is. */
    public static function read(string $path): ?string
    {
        $text = is_file($path) ? @file_get_contents($path) : false;

        return $text === false ? null : $text;
    }

    /**
     * Opens a file, and makes it where there is none, once nobody else has it open so.
     *
     * @return resource
     */
    public static function lock(string $path): mixed
    {
        $mask = umask(0077);
        $file = @fopen($path, 'c+');
        umask($mask);
        if ($file === false || !flock($file, LOCK_EX)) {
            throw new StorageException("the relay's directory cannot be written: set MJ_RELAY_DIR");
        }

        return $file;
    }

    /** A key that nobody else has, made once. */
    public function key(): string
    {
        $path = $this->directory('webhooks') . '/' . self::KEY;
        $key = self::readKey($path);
        if ($key === null) {
            $lock = self::lock("$path.lock");
            $key = self::readKey($path);
            if ($key === null) {
                $key = bin2hex(random_bytes(32));
                self::write($path, $key);
            }
            fclose($lock);
        }

        return $key;
    }

    /** A disk may have lost it, and left the file. */
    private static function readKey(string $path): ?string
    {
        $key = (string) self::read($path);

        return preg_match('/^[0-9a-f]{64}$/D', $key) === 1 ? $key : null;
    }

    /** Removes files of a directory that nobody touched for so many seconds; now and then only. */
    public static function tidy(string $directory, int $seconds): void
    {
        if (random_int(1, 100) > 1) {
            return;
        }
        foreach (glob("$directory/*") ?: [] as $path) {
            if ((int) @filemtime($path) < time() - $seconds) {
                @unlink($path);
            }
        }
    }
}
