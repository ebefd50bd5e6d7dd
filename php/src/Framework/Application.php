<?php

declare(strict_types=1);

namespace Mj\Framework;

use Mj\Client;

/** What the commands need of the application that they are part of. The client is made when it is asked for first. */
final class Application
{
    /**
     * @param \Closure(): Client      $client   gives the client of the application's container
     * @param \Closure(object): mixed $dispatch tells the application's listeners
     * @param (\Closure(\Throwable): mixed)|null $report writes to where the application keeps what went wrong
     */
    public function __construct(
        private Settings $settings,
        private \Closure $client,
        private \Closure $dispatch,
        private ?\Closure $report = null,
    ) {}

    public function settings(): Settings
    {
        return $this->settings;
    }

    /** @throws \Mj\MjException when a setting is missing or wrong, or the extension is not there */
    public function client(): Client
    {
        return ($this->client)();
    }

    /** Tells the application's listeners; what they throw is thrown. */
    public function dispatch(object $event): void
    {
        ($this->dispatch)($event);
    }

    /** Writes what a listener threw to where the application keeps such things. */
    public function report(\Throwable $thrown): void
    {
        if ($this->report !== null) {
            ($this->report)($thrown);
        }
    }
}
