<?php

declare(strict_types=1);

namespace Mj\Console\Command;

use Mj\Client;
use Mj\Console\Suggestions;
use Mj\Task;
use Symfony\Component\Console\Completion\CompletionInput;
use Symfony\Component\Console\Input\InputArgument;
use Symfony\Component\Console\Input\InputInterface;

/** `mj command info`. */
final class CommandCommand extends Submission
{
    public const NAMES = ['fast', 'info', 'prefer', 'private', 'public', 'relax', 'settings', 'stealth', 'turbo'];

    protected function configure(): void
    {
        parent::configure();
        $this->setName('command')
            ->setDescription('Run a command that draws nothing: info, settings, fast, relax, turbo, …')
            ->addArgument('name', InputArgument::REQUIRED, implode(', ', self::NAMES))
            ->addArgument('arguments', InputArgument::IS_ARRAY, '"remix" for prefer');
    }

    protected function argumentValues(string $name, CompletionInput $input, Suggestions $suggestions): array
    {
        return $name === 'name' ? self::NAMES : ['remix'];
    }

    protected function submit(Client $client, InputInterface $input, array $options): Task
    {
        return $client->command(self::argument($input, 'name'), self::arguments($input, 'arguments'), $options);
    }
}
