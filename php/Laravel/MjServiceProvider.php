<?php

declare(strict_types=1);

namespace Mj\Laravel;

use Illuminate\Contracts\Config\Repository;
use Illuminate\Contracts\Container\Container;
use Illuminate\Contracts\Debug\ExceptionHandler;
use Illuminate\Contracts\Events\Dispatcher;
use Illuminate\Log\LogManager;
use Illuminate\Support\ServiceProvider;
use Mj\Client;
use Mj\Framework\Application;
use Mj\Framework\Settings;
use Psr\Log\LoggerInterface;

/** Makes `Mj\Client` known to the container, with the settings of `config/mj.php`, and adds the commands. */
final class MjServiceProvider extends ServiceProvider
{
    public function register(): void
    {
        $this->mergeConfigFrom(__DIR__ . '/config.php', 'mj');
        $this->app->singleton(Settings::class, static fn(Container $app): Settings => Settings::from(self::config($app, 'mj'), 'laravel'));
        $this->app->singleton(Client::class, static fn(Container $app): Client => self::made($app, Settings::class)->client(
            self::logger($app),
            static fn(object $event): mixed => self::made($app, Dispatcher::class)->dispatch($event),
        ));
        $this->app->singleton(Application::class, static fn(Container $app): Application => new Application(
            self::made($app, Settings::class),
            static fn(): Client => self::made($app, Client::class),
            static fn(object $event): mixed => self::made($app, Dispatcher::class)->dispatch($event),
            static fn(\Throwable $thrown) => self::made($app, ExceptionHandler::class)->report($thrown),
        ));
    }

    public function boot(): void
    {
        if ($this->app->runningInConsole()) {
            $this->publishes([__DIR__ . '/config.php' => $this->app->configPath('mj.php')], 'mj-config');
            $this->commands([ImagineCommand::class, SyncCommand::class, DoctorCommand::class, ServeCommand::class]);
        }
    }

    private static function logger(Container $app): LoggerInterface
    {
        $channel = self::config($app, 'mj.log_channel');

        $log = self::made($app, LoggerInterface::class);

        return $log instanceof LogManager ? $log->channel(is_string($channel) && $channel !== '' ? $channel : null) : $log;
    }

    private static function config(Container $app, string $key): mixed
    {
        return self::made($app, Repository::class)->get($key);
    }

    /**
     * @template T of object
     *
     * @param class-string<T> $class
     *
     * @return T what the container has of it
     */
    private static function made(Container $app, string $class): object
    {
        $made = $app->make($class);

        return $made instanceof $class ? $made : throw new \LogicException("the container has no $class");
    }
}
