<?php

/**
 * Webman, as far as php/Webman and its README use it: the same names and signatures. `$GLOBALS['webman']` says where the
 * application is; `plugins` false leaves webman/event out.
 */

declare(strict_types=1);

namespace {
    function base_path($path = ''): string
    {
        return $GLOBALS['webman']['root'] . ($path === '' ? '' : "/$path");
    }

    function runtime_path(string $path = ''): string
    {
        return base_path('runtime') . ($path === '' ? '' : "/$path");
    }

    function config(?string $key = null, mixed $default = null): mixed
    {
        $names = explode('.', (string) $key);
        $path = base_path('config');
        while ($names !== []) {
            $path .= '/' . array_shift($names);
            if (is_file("$path.php")) {
                $value = require "$path.php";
                foreach ($names as $name) {
                    $value = $value[$name] ?? null;
                }

                return $value ?? $default;
            }
        }

        return $default;
    }

    function json(mixed $data): support\Response
    {
        return new support\Response(json_encode($data, JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES));
    }
}

namespace support {
    use Psr\Log\AbstractLogger;
    use Psr\Log\LoggerInterface;

    class Log
    {
        /** A channel of config/log.php, which is a file of its name here. */
        public static function channel(string $name = 'default'): LoggerInterface
        {
            return new class ($name) extends AbstractLogger {
                public function __construct(private string $name)
                {
                }

                public function log($level, $message, array $context = []): void
                {
                    file_put_contents(runtime_path("$this->name.log"), "$level $message " . json_encode($context) . "\n", FILE_APPEND);
                }
            };
        }
    }

    class Request
    {
        /**
         * @param array<string, mixed> $get
         * @param array<string, mixed> $post
         */
        public function __construct(private array $get, private array $post)
        {
        }

        public function get(?string $name = null, mixed $default = null): mixed
        {
            return $this->get[$name] ?? $default;
        }

        public function post(?string $name = null, mixed $default = null): mixed
        {
            return $this->post[$name] ?? $default;
        }
    }

    class Response
    {
        private int $status = 200;

        public function __construct(private string $body)
        {
        }

        public function withStatus(int $code): static
        {
            $this->status = $code;

            return $this;
        }

        public function __toString(): string
        {
            return "$this->status $this->body";
        }
    }
}

namespace Workerman {
    class Timer
    {
        /** @var list<array{float, callable}> seconds between two calls, and what is called */
        public static array $timers = [];

        public static function add(float $timeInterval, callable $func, ?array $args = [], bool $persistent = true): int
        {
            self::$timers[] = [$timeInterval, $func];

            return count(self::$timers);
        }
    }
}

namespace Webman\Event {
    if ($GLOBALS['webman']['plugins'] ?? true) {
        class Event
        {
            /** @var array<string, list<callable>> */
            private static array $listeners = [];

            public static function on(string $name, callable $listener): void
            {
                self::$listeners[$name][] = $listener;
            }

            public static function clear(): void
            {
                self::$listeners = [];
            }

            /** What a listener throws is thrown. */
            public static function dispatch(string $name, mixed $data, bool $halt = false): mixed
            {
                return array_map(static fn (callable $listener) => $listener($data, $name), self::$listeners[$name] ?? []);
            }
        }
    }
}
