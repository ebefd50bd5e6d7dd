<?php

declare(strict_types=1);

namespace Mj\Webman;

use Mj\Client;
use Mj\Framework\Application;
use Mj\Framework\Settings;
use Psr\Log\LoggerInterface;
use support\Log;
use Webman\Event\Event;

/**
 * `Mj::imagine('a cat')`: the client of this process, with the settings of `config/plugin/mj/client/app.php`.
 *
 * It is made by the first call, so in a worker and not in the master that forks it.
 *
 * @see Client
 *
 * @method static \Mj\Task imagine(string $prompt, array<string, mixed> $options = [])
 * @method static \Mj\Task describe(string $image, array<string, mixed> $options = [])
 * @method static \Mj\Task blend(array<string> $images, array<string, mixed> $options = [])
 * @method static \Mj\Task shorten(string $prompt, array<string, mixed> $options = [])
 * @method static \Mj\Task show(\Mj\Task|string $job, array<string, mixed> $options = [])
 * @method static \Mj\Task command(string $name, list<string> $arguments = [], array<string, mixed> $options = [])
 * @method static \Mj\Task action(\Mj\Task|string $task, \Mj\Button|string $action, array<string, mixed> $options = [])
 * @method static \Mj\Task upscale(\Mj\Task|string $task, int $index, array<string, mixed> $options = [])
 * @method static \Mj\Task variation(\Mj\Task|string $task, int $index, array<string, mixed> $options = [])
 * @method static \Mj\Task reroll(\Mj\Task|string $task, array<string, mixed> $options = [])
 * @method static ?\Mj\Task poll(\Mj\Task|string $task)
 * @method static array<string, \Mj\Task|null> pollMany(iterable<string|\Mj\Task> $tasks)
 * @method static \Mj\Task wait(\Mj\Task|string $task, float $timeout = 30.0)
 * @method static array<string, \Mj\Task> waitMany(iterable<string|\Mj\Task> $tasks, float $timeout = 30.0)
 * @method static \Generator<int, \Mj\Task, mixed, \Mj\Task> stream(\Mj\Task|string $task, float $timeout = 1e18, float $slice = 0.25)
 * @method static \Mj\Client onFinished(\Mj\Task|string $task, callable $listener)
 * @method static \Mj\Watch watch()
 * @method static \Mj\TaskPage tasks(array<string, string|list<string>> $filter = [], int $limit = 50, ?string $cursor = null)
 * @method static list<\Mj\Change> events(string $consumer, int $limit = 100, float $wait = 0.0)
 * @method static void ack(string $consumer, \Mj\Change|int $cursor)
 * @method static int consume(string $consumer, callable $handler, int $limit = 100, float $wait = 0.0)
 * @method static bool cancel(\Mj\Task|string $task)
 * @method static list<string> download(\Mj\Task|string $task, string $directory, array<string, mixed> $options = [])
 * @method static string imageUrl(string $url)
 * @method static MjStatus status()
 * @method static string metrics()
 * @method static \Mj\Report doctor(array<string, mixed> $options = [])
 */
final class Mj
{
    private static ?Client $client = null;

    /** @param array<array-key, mixed> $arguments */
    public static function __callStatic(string $name, #[\SensitiveParameter] array $arguments): mixed
    {
        return self::client()->$name(...$arguments);
    }

    /** @throws \Mj\MjException when a setting is missing or wrong, or the extension is not there */
    public static function client(): Client
    {
        return self::$client ??= self::settings()->client(self::logger(), self::hasEvents() ? self::dispatcher() : null);
    }

    /** Another client from now on, a fake for tests; null for the configured one. */
    public static function swap(?Client $client): void
    {
        self::$client = $client;
    }

    /** Whether listeners can be told: webman/event is installed. */
    public static function hasEvents(): bool
    {
        return class_exists(Event::class);
    }

    public static function application(): Application
    {
        return new Application(
            self::settings(),
            static fn(): Client => self::client(),
            self::dispatcher(),
            static fn(\Throwable $thrown) => self::logger()->error((string) $thrown),
        );
    }

    public static function logger(): LoggerInterface
    {
        $channel = config('plugin.mj.client.app.log_channel', 'default');

        return Log::channel(is_string($channel) ? $channel : 'default');
    }

    private static function settings(): Settings
    {
        return Settings::from(config('plugin.mj.client.app', []), 'webman');
    }

    /** @return \Closure(object): mixed */
    private static function dispatcher(): \Closure
    {
        // Event::dispatch() throws what a listener throws; Event::emit() would not.
        return static fn(object $event): mixed => self::hasEvents()
            ? Event::dispatch($event::class, $event)
            : throw new \LogicException('webman/event is not installed');
    }
}
