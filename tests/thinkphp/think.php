<?php

/**
 * ThinkPHP, as far as php/ChatMoney and php/ThinkPHP use it. MJ_THINKPHP names the `vendor/autoload.php` of a real one (6.1 with think-orm 2);
 * without, what follows has the same names and signatures.
 */

declare(strict_types=1);

namespace {
    $real = getenv('MJ_THINKPHP');
    if (is_string($real) && $real !== '') {
        require_once $real;
    }
}

namespace {
    if (!function_exists('env')) {
        function env(?string $name = null, $default = null)
        {
            $value = getenv('PHP_' . strtoupper(str_replace('.', '_', (string) $name)));

            return $value === false ? $default : $value;
        }

        function app(string $name = '', array $args = [], bool $newInstance = false)
        {
            return $name === '' ? think\App::$instance : think\App::$instance->make($name);
        }

        function runtime_path($path = '')
        {
            return think\App::$instance->getRuntimePath() . $path;
        }
    }
}

namespace think\exception {
    if (!class_exists(Handle::class)) {
        class Handle
        {
            /** @var list<string> what was reported */
            public static array $reported = [];

            public function __construct(\think\App $app)
            {
            }

            public function report(\Throwable $exception): void
            {
                self::$reported[] = $exception->getMessage();
            }
        }
    }
}

namespace think\queue {
    if (!class_exists(Job::class)) {
        /** Of think-queue. */
        abstract class Job
        {
            abstract public function release($delay = 0);

            abstract public function delete();
        }
    }
}

namespace think\console\input {
    if (!class_exists(Option::class)) {
        class Option
        {
            public const VALUE_NONE = 1;
            public const VALUE_REQUIRED = 2;
        }

        class Argument
        {
            public const REQUIRED = 1;
        }
    }
}

namespace think\console {
    if (!class_exists(Input::class)) {
        class Input
        {
            /** @var array<string, mixed> */
            private array $options = [];

            /** @param list<string> $argv */
            public function __construct(private array $argv)
            {
            }

            /** @var array<string, string> */
            private array $arguments = [];

            /**
             * @param array<string, array{int, mixed}> $known
             * @param list<string>                     $names of arguments
             */
            public function bind(array $known, array $names): void
            {
                $this->options = array_map(static fn (array $one): mixed => $one[0] === input\Option::VALUE_NONE ? false : $one[1], $known);
                foreach ($this->argv as $token) {
                    if (!str_starts_with($token, '--')) {
                        $this->arguments[array_shift($names) ?? throw new \RuntimeException('Too many arguments.')] = $token;
                        continue;
                    }
                    [$name, $value] = explode('=', substr($token, 2), 2) + [1 => true];
                    isset($known[$name]) ? $this->options[$name] = $value : throw new \RuntimeException("The \"--$name\" option does not exist.");
                }
                $names === [] || throw new \RuntimeException('Not enough arguments.');
            }

            /** @return mixed */
            public function getArgument(string $name)
            {
                return $this->arguments[$name];
            }

            /** @return mixed */
            public function getOption(string $name)
            {
                return $this->options[$name];
            }
        }

        class Output
        {
            public const OUTPUT_RAW = 1;

            private string $buffer = '';

            public function __construct($driver = 'console')
            {
            }

            public function writeln(string $messages, int $type = 0): void
            {
                $this->buffer .= ($type === self::OUTPUT_RAW ? $messages : strip_tags($messages)) . "\n";
            }

            public function fetch(): string
            {
                return $this->buffer;
            }
        }

        abstract class Command
        {
            /** @var \think\App */
            protected $app;

            private string $name = '';

            private string $description = '';

            /** @var array<string, array{int, mixed}> */
            private array $options = [];

            /** @var list<string> */
            private array $arguments = [];

            public function __construct()
            {
                $this->configure();
            }

            /** @return void */
            protected function configure()
            {
            }

            /** @return int|null */
            abstract protected function execute(Input $input, Output $output);

            /** @return $this */
            public function setName(string $name)
            {
                $this->name = $name;

                return $this;
            }

            public function getName(): string
            {
                return $this->name;
            }

            /** @return $this */
            public function setDescription(string $description)
            {
                $this->description = $description;

                return $this;
            }

            /** @return $this */
            public function addArgument(string $name, ?int $mode = null, string $description = '', $default = null)
            {
                $this->arguments[] = $name;

                return $this;
            }

            /** @return $this */
            public function addOption(string $name, ?string $shortcut = null, ?int $mode = null, string $description = '', $default = null)
            {
                $this->options[$name] = [(int) $mode, $default];

                return $this;
            }

            public function setApp(\think\App $app): void
            {
                $this->app = $app;
            }

            public function run(Input $input, Output $output): int
            {
                $input->bind($this->options, $this->arguments);
                $status = $this->execute($input, $output);

                return is_numeric($status) ? (int) $status : 0;
            }
        }
    }
}

namespace think {
    if (!class_exists(App::class)) {
        class App
        {
            /** @var array<string, mixed> */
            private array $bound = [];

            public Config $config;

            public Event $event;

            public static ?self $instance = null;

            public function __construct(private string $rootPath = '')
            {
                self::$instance = $this;
                $this->config = new Config();
                $this->event = new Event($this);
            }

            public function getRuntimePath(): string
            {
                return $this->rootPath . 'runtime/';
            }

            /** @return $this */
            public function bind($abstract, $concrete = null)
            {
                $this->bound[$abstract] = $concrete;

                return $this;
            }

            public function has($name): bool
            {
                return isset($this->bound[$name]);
            }

            public function make(string $abstract, array $vars = [], bool $newInstance = false)
            {
                $this->bound[$abstract] ??= $this->created($abstract);

                return $this->bound[$abstract] instanceof \Closure ? $this->bound[$abstract] = ($this->bound[$abstract])() : $this->bound[$abstract];
            }

            private function created(string $class): object
            {
                $constructor = (new \ReflectionClass($class))->getConstructor();
                $arguments = array_map(
                    fn (\ReflectionParameter $one) => $one->getType()->getName() === self::class ? $this : $this->make($one->getType()->getName()),
                    $constructor === null ? [] : $constructor->getParameters(),
                );

                return new $class(...$arguments);
            }
        }
    }
}

namespace think {
    if (!class_exists(Service::class)) {
        class Config
        {
            /** @var array<string, array<string, mixed>> */
            private array $values = [];

            public function set(array $config, string $name): void
            {
                $this->values[$name] = $config;
            }

            public function get(string $name, $default = null)
            {
                [$file, $key] = explode('.', $name, 2) + [1 => null];

                return $key === null ? $this->values[$file] ?? [] : $this->values[$file][$key] ?? $default;
            }
        }

        class Event
        {
            /** @var array<string, list<callable|class-string>> */
            private array $listeners = [];

            public function __construct(private App $app)
            {
            }

            public function listenEvents(array $events)
            {
                $this->listeners = array_merge_recursive($this->listeners, $events);

                return $this;
            }

            public function listen(string $event, $listener, bool $first = false)
            {
                $this->listeners[$event][] = $listener;

                return $this;
            }

            public function trigger($event, $params = null, bool $once = false)
            {
                return array_map(
                    fn ($listener) => is_string($listener) ? $this->app->make($listener)->handle($event) : $listener($event),
                    $this->listeners[$event::class] ?? [],
                );
            }
        }

        class Console
        {
            /** @var list<\Closure> */
            private static array $starting = [];

            /** @var array<string, console\Command> */
            private array $commands = [];

            public function __construct(App $app)
            {
                foreach (self::$starting as $callback) {
                    $callback($this);
                }
            }

            public static function starting(\Closure $callback): void
            {
                self::$starting[] = $callback;
            }

            public static function flushStartCallbacks(): void
            {
                self::$starting = [];
            }

            public function addCommands(array $commands): void
            {
                foreach ($commands as $class) {
                    $command = new $class();
                    $this->commands[$command->getName()] = $command;
                }
            }

            public function hasCommand(string $name): bool
            {
                return isset($this->commands[$name]);
            }
        }

        abstract class Service
        {
            /** @param App $app */
            public function __construct(protected $app)
            {
            }

            protected function commands($commands)
            {
                Console::starting(static fn (Console $console) => $console->addCommands($commands));
            }
        }

        class Facade
        {
            /** The container, which a real one finds by itself. */
            public static ?App $app = null;

            protected static function getFacadeClass()
            {
            }

            public static function __callStatic($method, $params)
            {
                return self::$app->make(static::getFacadeClass())->$method(...$params);
            }
        }
    }
}

namespace think\db {
    if (!class_exists(PDOConnection::class)) {
        abstract class PDOConnection
        {
            private \PDO $pdo;

            private int $depth = 0;

            /** @param array<string, mixed> $config */
            public function __construct(array $config)
            {
                $this->pdo = new \PDO($config['dsn'], $config['username'], $config['password']);
            }

            public function query(string $sql, array $bind = [], bool $master = false): array
            {
                $statement = $this->pdo->prepare($sql);
                $statement->execute($bind);

                return $statement->fetchAll(\PDO::FETCH_ASSOC);
            }

            public function execute(string $sql, array $bind = []): int
            {
                $statement = $this->pdo->prepare($sql);
                $statement->execute($bind);

                return $statement->rowCount();
            }

            public function getPdo()
            {
                return $this->pdo;
            }

            // As there: of transactions within others only the outermost is one, and what is left open keeps it open.
            public function startTrans(): void
            {
                ++$this->depth === 1 ? $this->pdo->beginTransaction() : $this->pdo->exec("SAVEPOINT trans$this->depth");
            }

            public function commit(): void
            {
                if ($this->depth === 1 && $this->pdo->inTransaction()) {
                    $this->pdo->commit();
                }
                --$this->depth;
            }

            public function rollback(): void
            {
                if ($this->pdo->inTransaction()) {
                    $this->depth === 1 ? $this->pdo->rollBack() : $this->pdo->exec("ROLLBACK TO SAVEPOINT trans$this->depth");
                }
                $this->depth = max(0, $this->depth - 1);
            }

            public function transaction(callable $callback)
            {
                $this->startTrans();
                try {
                    $result = $callback($this);
                    $this->commit();

                    return $result;
                } catch (\Throwable $thrown) {
                    $this->rollback();
                    throw $thrown;
                }
            }
        }
    }
}

namespace think {
    if (!class_exists(DbManager::class)) {
        class DbManager
        {
            /** @var array<string, mixed> */
            private array $config = [];

            public function setConfig($config): void
            {
                $this->config = $config;
            }

            public function connect(?string $name = null, bool $force = false): db\PDOConnection
            {
                return new class ($this->config['connections'][$this->config['default']]) extends db\PDOConnection {};
            }
        }
    }
}
