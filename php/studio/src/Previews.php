<?php

declare(strict_types=1);

namespace Mj\Studio;

/**
 * Half-done pictures. PHP fetches them itself, as `mj_download()` gives finished ones only: not through `mj.proxy`, which
 * no script can read. Where that is set, they are fetched from `mj.cdn_url`, through `MJ_STUDIO_PROXY`, or not at all.
 */
final class Previews
{
    private const LARGEST = 8 * 1024 * 1024;

    /** Seconds for which one may hold a worker. */
    private const TIMEOUT = 5.0;

    /** Seconds without a try, after one that failed. */
    private const REST = 60;

    private string $failed;

    /** @param string $proxy `http://`, may have a login; empty goes direct */
    public function __construct(string $directory, #[\SensitiveParameter] private string $proxy = '')
    {
        $this->failed = "$directory/previews-failed";
    }

    /** @return string|null the bytes of a picture; null when it cannot be had now */
    public function fetch(string $url): ?string
    {
        if (preg_match('~^https?://~', $url) !== 1 || (int) @filemtime($this->failed) > time() - self::REST) {
            return null;
        }
        $bytes = @file_get_contents($url, false, stream_context_create(['http' => $this->options()]), 0, self::LARGEST + 1);
        clearstatcache(true, $this->failed);
        if ($bytes === false) {
            // Nobody answered, not even to refuse: that holds a worker for long, so it is not tried each time.
            touch($this->failed);

            return null;
        }

        return strlen($bytes) <= self::LARGEST && str_starts_with((string) Pictures::type($bytes), 'image/') ? $bytes : null;
    }

    /** @return array<string, mixed> of PHP's `http://` wrapper */
    private function options(): array
    {
        $options = ['timeout' => self::TIMEOUT, 'follow_location' => 0, 'ignore_errors' => true, 'user_agent' => 'mj-studio'];
        $parts = $this->proxy === '' ? false : parse_url($this->proxy);
        if ($parts === false || !isset($parts['host'])) {
            return $options;
        }
        $login = rawurldecode($parts['user'] ?? '') . ':' . rawurldecode($parts['pass'] ?? '');

        return $options + [
            'proxy' => "tcp://{$parts['host']}:" . ($parts['port'] ?? 8080),
            'request_fulluri' => true,
            'header' => $login === ':' ? '' : 'Proxy-Authorization: Basic ' . base64_encode($login),
        ];
    }
}
