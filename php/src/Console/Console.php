<?php

declare(strict_types=1);

namespace Mj\Console;

use Mj\Client;
use Mj\Midjourney;

/** What the commands work with: the client, made when the first one needs it, and where their output goes. */
final class Console
{
    private Terminal $terminal;

    /** @param Client|null $client null for the extension's, as php.ini and the environment configure it */
    public function __construct(
        private ?Client $client = null,
        ?Terminal $terminal = null,
        private ?Opener $opener = null,
    ) {
        // Before Symfony puts COLUMNS and LINES into the environment.
        $this->terminal = $terminal ?? new Terminal(getenv());
    }

    /** @throws Refusal where there is no extension */
    public function client(): Client
    {
        if ($this->client === null && !extension_loaded('mj')) {
            $arguments = $_SERVER['argv'] ?? null;
            $called = is_array($arguments) && is_string($arguments[0] ?? null) ? $arguments[0] : 'mj';
            throw Refusal::unconfigured('the extension mj is not loaded: put "extension=mj.so" into the php.ini of the command line, or call '
                . "php -d extension=/path/to/mj.so $called");
        }

        return $this->client ??= new Midjourney();
    }

    public function terminal(): Terminal
    {
        return $this->terminal;
    }

    public function opener(): Opener
    {
        return $this->opener ??= new Opener(getenv());
    }
}
