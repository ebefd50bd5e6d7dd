<?php

declare(strict_types=1);

namespace Mj\Framework;

use Mj\Midjourney;
use Psr\EventDispatcher\EventDispatcherInterface;
use Psr\Log\LoggerInterface;

/**
 * What an application's settings file says of Midjourney: the same keys in every framework.
 *
 *     ['config' => ['user_token' => …, 'guild_id' => …], 'consumer' => 'shop', 'tell_at_once' => false]
 */
final class Settings
{
    /** @var array<string, mixed>|null what `mj_configure()` is given */
    private ?array $config;

    /**
     * @param array<array-key, mixed>|null $config     what `mj_configure()` takes, over php.ini. What is null or empty is left
     *                                            out, as an unset variable of the environment is; where nothing is left,
     *                                            php.ini has it all.
     * @param string                  $consumer   who reads the feed in `mj:sync`
     * @param bool                    $tellAtOnce whether listeners are told of a change, too, by the process that sees it
     *
     * @throws \ValueError when the name of the consumer cannot be used
     */
    public function __construct(
        #[\SensitiveParameter]
        ?array $config = null,
        private string $consumer = 'app',
        private bool $tellAtOnce = false,
    ) {
        if (preg_match('/^[A-Za-z0-9_.:-]{1,64}$/D', $consumer) !== 1) {
            throw new \ValueError('mj: "consumer" must be 1 to 64 characters of A-Z, a-z, 0-9, "_", ".", ":" and "-"');
        }
        $set = [];
        foreach ($config ?? [] as $name => $value) {
            if ($value !== null && $value !== '' && $value !== []) {
                $set[(string) $name] = $value;
            }
        }
        $this->config = $set === [] ? null : $set;
    }

    /** @return array<string, mixed> without the tokens */
    public function __debugInfo(): array
    {
        return ['config' => array_keys($this->config ?? []), 'consumer' => $this->consumer, 'tellAtOnce' => $this->tellAtOnce];
    }

    /**
     * From the array of a settings file.
     *
     * @param string $consumer who reads the feed where the file does not say
     *
     * @throws \ValueError when a setting cannot be used
     */
    public static function from(#[\SensitiveParameter] mixed $values, string $consumer): self
    {
        $values = is_array($values) ? $values : throw new \ValueError('mj: the settings must be an array');
        $config = $values['config'] ?? [];
        $named = $values['consumer'] ?? $consumer;

        return new self(
            is_array($config) ? $config : throw new \ValueError('mj: "config" must be an array'),
            is_string($named) ? $named : throw new \ValueError('mj: "consumer" must be a string'),
            filter_var($values['tell_at_once'] ?? false, FILTER_VALIDATE_BOOLEAN, FILTER_NULL_ON_FAILURE)
                ?? throw new \ValueError('mj: "tell_at_once" must be true or false'),
        );
    }

    /** @return array<string, mixed>|null what `mj_configure()` is given; null where php.ini has it all */
    public function config(): ?array
    {
        return $this->config;
    }

    public function consumer(): string
    {
        return $this->consumer;
    }

    /**
     * The client of these settings.
     *
     * @param (callable(object): mixed)|null $dispatch tells the application's listeners; without the package
     *                                                 psr/event-dispatcher the client cannot use it
     *
     * @throws \Mj\MjException when a setting is missing or wrong, or the extension is not there
     */
    public function client(?LoggerInterface $logger = null, ?callable $dispatch = null): Midjourney
    {
        $dispatcher = $dispatch !== null && interface_exists(EventDispatcherInterface::class)
            ? new Dispatcher($dispatch, $this->tellAtOnce)
            : null;

        return new Midjourney($this->config, $logger, $dispatcher);
    }
}
