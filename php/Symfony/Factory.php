<?php

declare(strict_types=1);

namespace Mj\Symfony;

use Mj\Client;
use Mj\Framework\Application;
use Mj\Framework\Settings;
use Psr\EventDispatcher\EventDispatcherInterface;
use Psr\Log\LoggerInterface;

/** Makes the services of the bundle. */
final class Factory
{
    /** @throws \Mj\MjException when a setting is missing or wrong, or the extension is not there */
    public static function client(Settings $settings, EventDispatcherInterface $dispatcher, ?LoggerInterface $logger): Client
    {
        return $settings->client($logger, [$dispatcher, 'dispatch']);
    }

    /** @param \Closure(): Client $client */
    public static function application(
        Settings $settings,
        \Closure $client,
        EventDispatcherInterface $dispatcher,
        ?LoggerInterface $logger,
    ): Application {
        return new Application(
            $settings,
            $client,
            static fn(object $event): object => $dispatcher->dispatch($event),
            static fn(\Throwable $thrown): mixed => $logger?->error('mj: a listener failed', ['exception' => $thrown]),
        );
    }
}
