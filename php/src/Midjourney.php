<?php

declare(strict_types=1);

namespace Mj;

use Mj\Internal\Extension;
use Mj\Internal\TypedClient;
use Psr\EventDispatcher\EventDispatcherInterface;
use Psr\Log\LoggerInterface;

/**
 * Midjourney, by the extension `mj`.
 *
 *     $mj = new Midjourney(['user_token' => …, 'guild_id' => …, 'channel_id' => …]);
 *     $task = $mj->wait($mj->imagine('a lighthouse at dusk --ar 3:2'), 120)->orThrow();
 *     [$path] = $mj->download($mj->wait($mj->upscale($task, 2), 120), '/srv/pictures');
 */
final class Midjourney extends TypedClient
{
    private Extension $extension;

    /**
     * @param array<string, mixed>|null $config what `mj_configure()` takes, merged over php.ini; null leaves the hub as
     *                                          php.ini or an earlier configuration of this process has it
     *
     * @throws ConfigurationException when a setting is missing or wrong
     * @throws StorageException       when the store cannot be written
     * @throws EngineException        when the engine cannot run here, or the extension is not loaded
     */
    public function __construct(
        #[\SensitiveParameter]
        ?array $config = null,
        ?LoggerInterface $logger = null,
        ?EventDispatcherInterface $dispatcher = null,
    ) {
        if (!extension_loaded('mj')) {
            throw new EngineException('the extension mj is not loaded');
        }
        $this->extension = new Extension($config);
        parent::__construct($this->extension, $logger, $dispatcher);
    }

    /**
     * Keeps this process as an owner in the foreground. Returns early when PHP has something else to do.
     *
     * @param float $seconds 0 or more
     */
    public function serve(float $seconds = INF): void
    {
        $this->extension->serve($seconds);
    }
}
