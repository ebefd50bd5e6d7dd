<?php

declare(strict_types=1);

namespace Mj\Studio;

use Mj\Internal\Address;

/** How often one address may try the login secret. */
final class Throttle
{
    public const TRIES = 5;

    /** Seconds. */
    public const WINDOW = 300;

    private string $directory;

    public function __construct(string $directory)
    {
        $this->directory = "$directory/logins";
        if (!is_dir($this->directory)) {
            @mkdir($this->directory, 0700);
        }
    }

    /**
     * Counts a try, before it is looked at.
     *
     * @return int seconds until the next is allowed; 0 when this one is
     */
    public function count(string $address, int $now): int
    {
        $this->sweep($now);
        $file = fopen($this->file($address), 'c+');
        if ($file === false || !flock($file, LOCK_EX)) {
            return self::WINDOW;
        }
        $last = array_map('intval', explode(' ', (string) stream_get_contents($file)));
        $tries = array_values(array_filter($last, static fn(int $time): bool => $time > $now - self::WINDOW && $time <= $now));
        $wait = count($tries) < self::TRIES ? 0 : $tries[0] + self::WINDOW - $now;
        if ($wait === 0) {
            $tries[] = $now;
            ftruncate($file, 0);
            rewind($file);
            fwrite($file, implode(' ', $tries));
        }
        fclose($file);

        return $wait;
    }

    /** Forgets the tries of an address that was let in. */
    public function forget(string $address): void
    {
        @unlink($this->file($address));
    }

    private function file(string $address): string
    {
        return "$this->directory/" . hash('sha256', Address::network($address));
    }

    private function sweep(int $now): void
    {
        foreach (glob("$this->directory/*") ?: [] as $file) {
            if ((int) @filemtime($file) < $now - self::WINDOW) {
                @unlink($file);
            }
        }
    }
}
