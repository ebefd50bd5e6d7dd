<?php

declare(strict_types=1);

namespace Mj\Testing\Internal;

/**
 * Refuses the pictures that the extension refuses, in its words. Files of this machine are looked at, addresses are not.
 *
 * @internal
 */
final class GivenPicture
{
    /** As many as one message of Discord's can have. */
    private const MOST = 10;

    /** Most bytes of a picture. */
    private const LARGEST = 10 * 1024 * 1024;

    /** Longest address, in bytes. */
    private const LONGEST_ADDRESS = 2048;

    /** Domains that only a network of one's own knows. */
    private const INNER = '/\.(localhost|local|home\.arpa|internal|localdomain)$/iD';

    private const BEGINNINGS = '/^(?:\x89PNG\r\n\x1a\n|\xff\xd8\xff|GIF8|RIFF....WEBP)/sD';

    /** Image prompts: one, or a list of them. */
    public static function prompts(Argument $options, mixed $images): void
    {
        $images = is_array($images) ? array_values($images) : [$images];
        if (count($images) > self::MOST) {
            $options->at('images')->refuse('has ' . count($images) . ' pictures, at most ' . self::MOST . ' are taken');
        }
        foreach ($images as $index => $image) {
            self::check($options->at("images[$index]"), $image);
        }
    }

    /** The value of `cref` and the like, where it is a picture and no address or code. */
    public static function references(Argument $option, mixed $value): void
    {
        $values = is_array($value) ? $value : [$value];
        $isLocal = static fn(mixed $one): bool => is_string($one) && preg_match('~^\s*(data:|file://|\.{0,2}/)~i', $one) === 1;
        if (array_filter($values, $isLocal) !== []) {
            foreach ($values as $one) {
                self::check($option, $one);
            }
        }
    }

    /** A picture of any kind. */
    public static function check(Argument $argument, mixed $picture): void
    {
        $text = trim($argument->text($picture));
        if (str_contains($text, "\0")) {
            $argument->refuse('must not have a NUL byte');
        }
        if (stripos($text, 'data:') === 0) {
            self::data($argument, $text);
        } elseif (preg_match('~^https?://~i', $text) === 1) {
            self::address($argument, $text);
        } elseif (!str_starts_with($text, 'file://') && str_contains($text, '://')) {
            $argument->refuse('must be an http or https address, the path of a file or a data: address');
        } else {
            self::file($argument, (string) preg_replace('~^file://~', '', $text));
        }
    }

    private static function data(Argument $argument, string $text): void
    {
        if (preg_match('~^data:([^;,]*)(?:;[^;,]*)*?(;base64)?,(.*)$~isD', $text, $found) !== 1) {
            $argument->refuse('is no data: address of the form data:image/png;base64,…');
        }
        $bytes = $found[2] === '' ? rawurldecode($found[3]) : base64_decode($found[3], true);
        if ($bytes === false) {
            $argument->refuse('is no data: address of the form data:image/png;base64,…');
        }
        self::bytes($argument, $bytes, strlen($bytes));
    }

    private static function file(Argument $argument, string $path): void
    {
        if (!file_exists($path)) {
            $argument->refuse('there is no such file');
        }
        if (!is_file($path)) {
            $argument->refuse('is not a regular file');
        }
        self::bytes($argument, (string) file_get_contents($path, false, null, 0, 16), (int) filesize($path));
    }

    private static function bytes(Argument $argument, string $beginning, int $size): void
    {
        if ($size === 0) {
            $argument->refuse('is empty');
        }
        if ($size > self::LARGEST) {
            $argument->refuse('has more than ' . self::LARGEST . ' bytes: make it smaller');
        }
        if (preg_match(self::BEGINNINGS, $beginning) !== 1) {
            $argument->refuse('is no PNG, JPEG, WebP or GIF picture');
        }
    }

    private static function address(Argument $argument, string $address): void
    {
        if (strlen($address) > self::LONGEST_ADDRESS || preg_match('/\s/', $address) === 1) {
            $argument->refuse('must be an address of at most 2048 bytes without spaces');
        }
        $parts = parse_url($address);
        if (!isset($parts['host'])) {
            $argument->refuse('is no address that can be read');
        }
        if (isset($parts['user']) || isset($parts['pass'])) {
            $argument->refuse('carries a user name or password: Midjourney would be told it');
        }
        $host = trim($parts['host'], '[]');
        $isNumber = filter_var($host, FILTER_VALIDATE_IP) !== false;
        $isPublic = $isNumber
            ? filter_var($host, FILTER_VALIDATE_IP, FILTER_FLAG_NO_PRIV_RANGE | FILTER_FLAG_NO_RES_RANGE) !== false
            : str_contains(rtrim($host, '.'), '.') && preg_match(self::INNER, rtrim($host, '.')) !== 1;
        if (!$isPublic) {
            $what = 'lies in a private network, where Midjourney cannot fetch it';
            $argument->refuse("$what: give the file's path or a data: address");
        }
    }
}
