<?php

declare(strict_types=1);

namespace Mj\Studio;

/** What the studio answers. */
final class Response
{
    /** For all answers: no script, style or picture from elsewhere, and nobody may frame a page. */
    private const HEADERS = [
        'Content-Security-Policy' => "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
            . "media-src 'self'; connect-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'",
        'X-Content-Type-Options' => 'nosniff',
        'X-Frame-Options' => 'DENY',
        'Referrer-Policy' => 'no-referrer',
        'Cross-Origin-Opener-Policy' => 'same-origin',
        'Cross-Origin-Resource-Policy' => 'same-origin',
        'Permissions-Policy' => 'camera=(), geolocation=(), microphone=()',
        'Cache-Control' => 'no-store',
    ];

    /** @var array<string, string> */
    public array $headers;

    /** @var list<array{string, string, array{expires: int, path: string, secure: bool, httponly: bool, samesite: 'Strict'}}> */
    public array $cookies = [];

    /**
     * @param string|iterable<string> $body    in parts it is sent as they come
     * @param array<string, string>   $headers
     */
    public function __construct(public int $status, public string|iterable $body, array $headers = [])
    {
        $this->headers = $headers + self::HEADERS;
    }

    /** @param array<mixed> $data */
    public static function json(array $data, int $status = 200): self
    {
        return new self($status, self::encoded($data), ['Content-Type' => 'application/json']);
    }

    /** @param array<mixed> $data */
    public static function encoded(array $data): string
    {
        return json_encode($data, JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE);
    }

    public static function html(string $body, int $status = 200): self
    {
        return new self($status, $body, ['Content-Type' => 'text/html; charset=utf-8']);
    }

    /** @param iterable<string> $events */
    public static function events(iterable $events): self
    {
        return new self(200, $events, ['Content-Type' => 'text/event-stream', 'X-Accel-Buffering' => 'no']);
    }

    /** A picture or video, which never changes at its address. */
    public static function picture(string $bytes, string $type): self
    {
        return new self(200, $bytes, [
            'Content-Type' => $type,
            'Content-Length' => (string) strlen($bytes),
            'Cache-Control' => 'private, max-age=31536000, immutable',
        ]);
    }

    public function send(): void
    {
        http_response_code($this->status);
        header_remove('X-Powered-By');
        foreach ($this->headers as $name => $value) {
            header("$name: $value");
        }
        foreach ($this->cookies as [$name, $value, $options]) {
            setcookie($name, $value, $options);
        }
        if (is_string($this->body)) {
            echo $this->body;

            return;
        }
        ini_set('zlib.output_compression', '0');
        while (ob_get_level() > 0) {
            ob_end_flush();
        }
        foreach ($this->body as $part) {
            echo $part;
            flush();
        }
    }
}
