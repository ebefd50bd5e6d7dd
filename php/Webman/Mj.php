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
 * @mixin Client
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
