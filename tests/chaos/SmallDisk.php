<?php

declare(strict_types=1);

namespace Mj\Tests\Chaos;

/** A file system of a few megabytes in memory, with a state directory on it. Only root can mount one. */
final class SmallDisk
{
    /** The state directory. */
    public string $path;

    private string $mount;

    public function __construct(int $megabytes)
    {
        $this->mount = sys_get_temp_dir() . '/mj-disk-' . bin2hex(random_bytes(6));
        mkdir($this->mount, 0755);
        self::run("mount -t tmpfs -o size={$megabytes}m,mode=0755 tmpfs {$this->mount}");
        $this->path = "$this->mount/state";
        mkdir($this->path, 0700);
        chown($this->path, 'www-data');
        chgrp($this->path, 'www-data');
    }

    public function __destruct()
    {
        exec("umount -l {$this->mount} 2>/dev/null && rmdir {$this->mount}");
    }

    public static function isPossible(): bool
    {
        if (posix_geteuid() !== 0) {
            return false;
        }
        exec('unshare -m true 2>/dev/null', $out, $code);

        return $code === 0;
    }

    /** Takes what space there is. */
    public function fill(): void
    {
        $ballast = fopen("$this->mount/ballast", 'a');
        while (@fwrite($ballast, str_repeat('x', 4096)) === 4096) {
        }
        fclose($ballast);
    }

    /** Gives it back. */
    public function free(): void
    {
        unlink("$this->mount/ballast");
    }

    /** Mounts it anew, read-only (`ro`) or not (`rw`). Nobody may have a file open for writing. */
    public function remount(string $how): void
    {
        self::run("mount -o remount,$how {$this->mount}");
    }

    private static function run(string $command): void
    {
        exec("$command 2>&1", $out, $code);
        if ($code !== 0) {
            throw new \RuntimeException("$command: " . implode(' ', $out));
        }
    }
}
