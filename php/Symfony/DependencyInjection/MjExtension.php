<?php

declare(strict_types=1);

namespace Mj\Symfony\DependencyInjection;

use Mj\Client;
use Mj\Framework\Application;
use Mj\Framework\Command as Work;
use Mj\Framework\Doctor;
use Mj\Framework\Imagine;
use Mj\Framework\Serve;
use Mj\Framework\Settings;
use Mj\Framework\Sync;
use Mj\Midjourney;
use Mj\Symfony\Command;
use Mj\Symfony\Factory;
use Symfony\Component\DependencyInjection\Argument\ServiceClosureArgument;
use Symfony\Component\DependencyInjection\ContainerBuilder;
use Symfony\Component\DependencyInjection\ContainerInterface;
use Symfony\Component\DependencyInjection\Definition;
use Symfony\Component\DependencyInjection\Extension\Extension;
use Symfony\Component\DependencyInjection\Reference;

/** The services: `Mj\Client`, to be autowired, and the commands, which make it when they run. */
final class MjExtension extends Extension
{
    /** @var list<class-string<Work>> */
    private const COMMANDS = [Imagine::class, Sync::class, Doctor::class, Serve::class];

    /** @param array<array-key, mixed> $configs */
    public function load(array $configs, ContainerBuilder $container): void
    {
        $settings = $this->processConfiguration(new Configuration(), $configs);
        $dispatcher = new Reference('event_dispatcher');
        $logger = new Reference('logger', ContainerInterface::NULL_ON_INVALID_REFERENCE);
        $this->service($container, 'mj.settings', Settings::class, [Settings::class, 'from'], [$settings, 'symfony']);
        $this->service($container, 'mj.client', Midjourney::class, [Factory::class, 'client'], [new Reference('mj.settings'), $dispatcher, $logger]);
        $container->setAlias(Client::class, 'mj.client');
        $client = new ServiceClosureArgument(new Reference(Client::class));
        $this->service($container, 'mj.application', Application::class, [Factory::class, 'application'], [new Reference('mj.settings'), $client, $dispatcher, $logger]);
        foreach (self::COMMANDS as $work) {
            $container->setDefinition(
                'mj.command.' . substr($work::NAME, strlen('mj:')),
                (new Definition(Command::class, [$work, new ServiceClosureArgument(new Reference('mj.application'))]))
                    ->addTag('console.command', ['command' => $work::NAME, 'description' => $work::DESCRIPTION]),
            );
        }
    }

    /**
     * @param class-string        $class
     * @param array{string, string} $factory
     * @param list<mixed>         $arguments
     */
    private function service(ContainerBuilder $container, string $id, string $class, array $factory, array $arguments): void
    {
        $container->setDefinition($id, (new Definition($class, $arguments))->setFactory($factory))
            // With MonologBundle, `logger` is the channel of this name.
            ->addTag('monolog.logger', ['channel' => 'mj']);
    }
}
