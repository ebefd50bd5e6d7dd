<?php

declare(strict_types=1);

namespace Mj\Tests\Process;

/** An empty state directory that php-fpm's user may write to; removed at the end. */
final class StateDirectory
{
    public string $path;

    public function __construct(string $user = 'www-data')
    {
        $this->path = sys_get_temp_dir() . '/mj-state-' . bin2hex(random_bytes(6));
        mkdir($this->path, 0700);
        if (posix_geteuid() === 0) {
            chown($this->path, $user);
            chgrp($this->path, $user);
        }
    }

    public function __destruct()
    {
        exec('rm -rf ' . escapeshellarg($this->path));
    }
}
