<?php

declare(strict_types=1);

namespace Mj\Http;

/**
 * Hosts that did not answer when they were told something. The extension sees one server only, the relay: without this, the
 * address of one caller that takes all of its time each time would hold up what all others are to hear.
 *
 * @internal
 */
final class Silences
{
    /** Seconds for which a host is left alone that is silent for long. */
    private const LONGEST = 30;
    /** Seconds for which it is remembered. */
    private const KEPT = 900;

    /** @var \Closure(): int */
    private \Closure $clock;

    /** @param (\Closure(): int)|null $clock Unix time */
    public function __construct(private Place $place, ?\Closure $clock = null)
    {
        $this->clock = $clock ?? static fn(): int => time();
    }

    /**
     * Seconds for which the host of an address is to be left alone; 0 when it may be told something now. Where it was silent
     * before, this is for one only: the others wait for so many seconds what that one hears.
     */
    public function pause(string $url, int $patience): int
    {
        $path = $this->path($url);
        if (!is_file($path)) {
            return 0;
        }
        [$times, $until] = $this->read($file = Place::lock($path));
        $now = ($this->clock)();
        $pause = max(0, $until - $now);
        if ($times > 0 && $pause === 0) {
            $this->write($file, $times, $now + $patience);
        }
        fclose($file);

        return $pause;
    }

    /** What became of it. */
    public function heard(string $url, bool $isAnswered): void
    {
        $path = $this->path($url);
        if ($isAnswered) {
            @unlink($path);

            return;
        }
        Place::tidy(dirname($path), self::KEPT);
        [$times] = $this->read($file = Place::lock($path));
        $this->write($file, $times + 1, ($this->clock)() + (int) min(self::LONGEST, 2 ** min(5, $times)));
        fclose($file);
    }

    private function path(string $url): string
    {
        $parts = parse_url($url);
        $host = strtolower(($parts['scheme'] ?? '') . '://' . ($parts['host'] ?? '')) . ':' . ($parts['port'] ?? '');

        return $this->place->directory('silences') . '/' . hash('sha256', $host);
    }

    /**
     * @param resource $file
     *
     * @return array{int, int} how often in a row it was silent, and until when it is left alone
     */
    private function read(mixed $file): array
    {
        [$times, $until] = explode(' ', (string) fgets($file)) + ['0', '0'];

        return [(int) $times, (int) $until];
    }

    /** @param resource $file */
    private function write(mixed $file, int $times, int $until): void
    {
        rewind($file);
        ftruncate($file, 0);
        fwrite($file, "$times $until");
    }
}
