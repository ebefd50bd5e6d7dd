<?php

declare(strict_types=1);

namespace Mj\Http;

/**
 * Counts requests by the minute: in APCu where it is, else in files.
 *
 * @internal
 */
final class RateLimit
{
    private const MINUTE = 60;
    private const KEPT = 600;

    public function __construct(private Place $place) {}

    /**
     * Counts one more.
     *
     * @param string $who  whose requests are counted
     * @param int    $most how many a minute may have; 0 for any number
     *
     * @throws Refusal when there were as many already
     */
    public function count(string $who, int $most): void
    {
        if ($most === 0) {
            return;
        }
        $minute = intdiv(time(), self::MINUTE);
        $name = hash('sha256', $who);
        if ($this->counted($name, $minute) > $most) {
            $wait = (string) (($minute + 1) * self::MINUTE - time());
            $message = 'too many requests: ' . $most . ' a minute are allowed';
            throw new Refusal(429, Reply::FAILURE, $message, [], ['Retry-After' => $wait]);
        }
    }

    private function counted(string $name, int $minute): int
    {
        if (function_exists('apcu_enabled') && apcu_enabled()) {
            $key = "mj-relay:$name:$minute";
            apcu_add($key, 0, 2 * self::MINUTE);
            $count = apcu_inc($key);
            // There may be no room.
            if ($count !== false) {
                return $count;
            }
        }
        $directory = $this->place->directory('rate');
        Place::tidy($directory, self::KEPT);
        $file = Place::lock("$directory/$name");
        [$then, $count] = array_map('intval', explode(' ', (string) fgets($file)) + [0, 0]);
        $count = $then === $minute ? $count + 1 : 1;
        rewind($file);
        ftruncate($file, 0);
        fwrite($file, "$minute $count");
        fclose($file);

        return $count;
    }
}
