<?php

declare(strict_types=1);

namespace Mj\Http;

/** What came in. Its body is read when it is asked for, so that whoever may not ask sends nothing into memory. */
final class Request
{
    /** @var callable(int): string */
    private $body;

    /**
     * @param array<string, string> $headers names in lower case
     * @param callable(int): string $body    gives the body, at most so many bytes and one more
     */
    public function __construct(
        private string $method,
        private string $path,
        private array $headers,
        callable $body,
        private string $address,
        private string $origin,
    ) {
        $this->body = $body;
    }

    /** The one that the web server handed to PHP. */
    public static function fromGlobals(): self
    {
        $headers = [];
        foreach ($_SERVER as $name => $value) {
            if (is_string($value) && preg_match('/^(?:HTTP_)?(CONTENT_(?:TYPE|LENGTH))$|^HTTP_(.+)$/D', (string) $name, $found) === 1) {
                $headers[strtolower(strtr($found[2] ?? $found[1], '_', '-'))] = $value;
            }
        }
        $path = parse_url('http://relay' . self::server('REQUEST_URI', '/'), PHP_URL_PATH);
        $body = static fn(int $most): string => (string) file_get_contents('php://input', false, null, 0, max(0, $most + 1));

        return new self(
            self::server('REQUEST_METHOD', 'GET'),
            is_string($path) ? $path : '/',
            $headers,
            $body,
            self::server('REMOTE_ADDR', ''),
            self::ownAddress(),
        );
    }

    public function method(): string
    {
        return $this->method;
    }

    /** The address without host and query, as it was sent. */
    public function path(): string
    {
        return $this->path;
    }

    /** @param string $name in lower case */
    public function header(string $name): string
    {
        return $this->headers[$name] ?? '';
    }

    /** Who asked. A reverse proxy's word for it is the web server's to judge: `set_real_ip_from` of nginx. */
    public function address(): string
    {
        return $this->address;
    }

    /** Where this machine reaches this web server: `http://127.0.0.1:8080`; empty when that is not known. */
    public function origin(): string
    {
        return $this->origin;
    }

    /**
     * The body, of at most so many bytes.
     *
     * @throws Refusal when it is longer, or PHP did not take it
     */
    public function body(int $most): string
    {
        $length = (int) $this->header('content-length');
        $body = $length > $most ? '' : ($this->body)($most);
        if ($length > $most || strlen($body) > $most) {
            throw new Refusal(413, Reply::VALIDATION_ERROR, "the request is longer than $most bytes");
        }
        if (strlen($body) < $length) {
            if (stripos($this->header('content-type'), 'multipart/form-data') === 0) {
                throw Refusal::shape('the request must be JSON, and no form');
            }
            throw new Refusal(413, Reply::VALIDATION_ERROR, 'PHP did not take the whole request: it is longer than post_max_size');
        }

        return $body;
    }

    private static function ownAddress(): string
    {
        if (!in_array(strtolower(self::server('HTTPS', '')), ['', 'off'], true)) {
            return '';
        }
        $host = PHP_SAPI === 'cli-server' ? self::server('SERVER_NAME', '') : self::server('SERVER_ADDR', '');
        $host = strtr($host, ['0.0.0.0' => '127.0.0.1', '[::]' => '[::1]']);
        $port = self::server('SERVER_PORT', '');
        if ($host === '' || $port === '') {
            return '';
        }

        return 'http://' . (str_contains($host, ':') && $host[0] !== '[' ? "[$host]" : $host) . ":$port";
    }

    private static function server(string $name, string $default): string
    {
        $value = $_SERVER[$name] ?? $default;

        return is_string($value) ? $value : $default;
    }
}
