<?php

declare(strict_types=1);

namespace Mj\Studio;

/** What a browser asks. Everything in it is from outside: whoever reads a value says what it must be. */
final class Request
{
    /** Bytes of a prompt: 6,000 characters of any writing. */
    public const PROMPT = 24_000;

    /** Bytes of JSON: a mask of 10 MiB as text, with a prompt. */
    private const LARGEST = 15 * 1024 * 1024;

    /** Headers of which each says that a reverse proxy handed the request on. */
    private const OF_PROXIES = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-server', 'x-real-ip'];

    /**
     * @param string                                $path    below the studio's address, without the slash before it
     * @param array<mixed>                          $query
     * @param array<string, string>                 $headers by their names in lower case
     * @param array<mixed>                          $cookies
     * @param array<mixed>|\Closure(int): array<mixed> $body what was posted, as JSON or as a form; or what reads so many bytes of it
     * @param list<array{error: int, path: string}> $files   what was uploaded
     */
    public function __construct(
        public string $method,
        public string $path,
        public array $query = [],
        public array $headers = [],
        public array $cookies = [],
        private array|\Closure $body = [],
        public array $files = [],
        public string $address = '127.0.0.1',
        public bool $secure = false,
        public string $base = '',
    ) {}

    public static function fromGlobals(): self
    {
        $headers = [];
        foreach ($_SERVER as $name => $value) {
            if (is_string($name) && is_string($value) && preg_match('/^(?:HTTP_(.+)|(CONTENT_TYPE))$/', $name, $found) === 1) {
                $headers[strtolower(str_replace('_', '-', $found[2] ?? $found[1]))] = $value;
            }
        }
        $base = self::base(self::server('SCRIPT_NAME'));
        $path = rawurldecode((string) parse_url('http://studio' . self::server('REQUEST_URI'), PHP_URL_PATH));
        if ($base !== '' && str_starts_with($path, "$base/")) {
            $path = substr($path, strlen($base));
        }

        return new self(
            self::server('REQUEST_METHOD'),
            ltrim($path, '/'),
            $_GET,
            $headers,
            $_COOKIE,
            str_starts_with($headers['content-type'] ?? '', 'application/json') ? static fn(int $most): array => self::json($most) : $_POST,
            self::isDropped($headers['content-type'] ?? '') ? [['error' => UPLOAD_ERR_INI_SIZE, 'path' => '']] : self::uploaded($_FILES['pictures'] ?? null),
            self::server('REMOTE_ADDR'),
            !in_array(strtolower(self::server('HTTPS')), ['', 'off'], true),
            $base,
        );
    }

    public function header(string $name): string
    {
        return $this->headers[$name] ?? '';
    }

    /** A parameter of the address; empty where it is missing or no text. */
    public function parameter(string $name): string
    {
        $value = $this->query[$name] ?? '';

        return is_string($value) ? $value : '';
    }

    public function cookie(string $name): string
    {
        $value = $this->cookies[$name] ?? '';

        return is_string($value) ? $value : '';
    }

    /**
     * What was posted, read when somebody asks for it first: who may not come in fills no memory.
     *
     * @return array<mixed>
     *
     * @throws Refusal when it has more bytes
     */
    public function posted(int $most = self::LARGEST): array
    {
        $body = $this->body;

        return $this->body = is_array($body) ? $body : $body($most);
    }

    /**
     * A text that was posted.
     *
     * @throws Refusal when it is no text, or longer than so many bytes
     */
    public function text(string $name, int $most = self::PROMPT): string
    {
        $value = $this->posted()[$name] ?? '';
        if (!is_string($value)) {
            throw new Refusal(422, 'invalid', "$name must be text");
        }
        if (strlen($value) > $most) {
            throw new Refusal(422, 'invalid', "$name must be at most $most bytes long");
        }

        return trim($value);
    }

    /** Whether it comes from a page of this very host, as far as the browser tells. */
    public function isSameOrigin(): bool
    {
        $site = $this->header('sec-fetch-site');
        if ($site !== '' && $site !== 'same-origin' && $site !== 'none') {
            return false;
        }
        $origin = $this->header('origin');

        return $origin === '' || parse_url($origin, PHP_URL_HOST) === $this->host()
            && parse_url($origin, PHP_URL_PORT) === parse_url('http://' . $this->header('host'), PHP_URL_PORT);
    }

    /**
     * Whether browser and studio are on one machine, and the browser knows the studio by a name of that machine. A reverse
     * proxy on it makes all visitors look so, but for what it says of them.
     */
    public function isLocal(): bool
    {
        foreach (self::OF_PROXIES as $name) {
            if (isset($this->headers[$name])) {
                return false;
            }
        }

        return in_array($this->address, ['127.0.0.1', '::1'], true)
            && in_array($this->host(), ['127.0.0.1', '[::1]', 'localhost'], true);
    }

    private function host(): string
    {
        return strtolower((string) parse_url('http://' . $this->header('host'), PHP_URL_HOST));
    }

    /** The folder of the front controller, where the server names it; PHP's own names what was asked for. */
    private static function base(string $script): string
    {
        return PHP_SAPI !== 'cli-server' && str_ends_with($script, '/index.php') ? substr($script, 0, -strlen('/index.php')) : '';
    }

    private static function server(string $name): string
    {
        $value = $_SERVER[$name] ?? '';

        return is_string($value) ? $value : '';
    }

    /** @return array<mixed> */
    private static function json(int $most): array
    {
        $body = (string) file_get_contents('php://input', false, null, 0, $most + 1);
        if (strlen($body) > $most) {
            throw new Refusal(413, 'too_large', "At most $most bytes may be posted");
        }
        $body = json_decode($body, true, 16);

        return is_array($body) ? $body : [];
    }

    /** Whether PHP threw a form away as a whole, which it does when that is longer than `post_max_size`. */
    private static function isDropped(string $type): bool
    {
        return str_starts_with($type, 'multipart/form-data') && (int) self::server('CONTENT_LENGTH') > 0 && $_POST === [] && $_FILES === [];
    }

    /** @return list<array{error: int, path: string}> */
    private static function uploaded(mixed $files): array
    {
        $found = [];
        if (is_array($files) && is_array($files['tmp_name'] ?? null) && is_array($files['error'] ?? null)) {
            foreach ($files['tmp_name'] as $key => $path) {
                $error = $files['error'][$key] ?? UPLOAD_ERR_NO_FILE;
                if (is_string($path) && is_int($error)) {
                    $found[] = ['error' => $error, 'path' => $path];
                }
            }
        }

        return $found;
    }
}
