<?php

declare(strict_types=1);

namespace Mj\Tests\Bench;

/** An empty directory on a chosen disk; removed at the end. */
final class Place
{
    public string $path;

    public function __construct(string $below, ?string $user = null)
    {
        $this->path = $below . '/mj-bench-' . bin2hex(random_bytes(6));
        mkdir($this->path, 0700);
        if ($user !== null && posix_geteuid() === 0) {
            chown($this->path, $user);
            chgrp($this->path, $user);
        }
    }

    public function __destruct()
    {
        exec('rm -rf ' . escapeshellarg($this->path));
    }

    /** Memory that looks like a disk: nothing waits for a device there. */
    public static function inMemory(): self
    {
        return new self(is_writable('/dev/shm') ? '/dev/shm' : sys_get_temp_dir());
    }

    public static function onDisk(): self
    {
        return new self(sys_get_temp_dir());
    }

    /** What kind of file system it is on. */
    public function kind(): string
    {
        return trim((string) shell_exec('stat --file-system --format=%T ' . escapeshellarg($this->path)));
    }
}
