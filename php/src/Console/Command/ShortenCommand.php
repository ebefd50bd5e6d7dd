<?php

declare(strict_types=1);

namespace Mj\Console\Command;

use Mj\Client;
use Mj\Task;
use Symfony\Component\Console\Input\InputArgument;
use Symfony\Component\Console\Input\InputInterface;

/** `mj shorten "a very, very long prompt"`. */
final class ShortenCommand extends Submission
{
    protected function configure(): void
    {
        parent::configure();
        $this->setName('shorten')
            ->setDescription('Ask for shorter prompts')
            ->addArgument('prompt', InputArgument::REQUIRED | InputArgument::IS_ARRAY, 'the long one');
    }

    protected function submit(Client $client, InputInterface $input, array $options): Task
    {
        return $client->shorten(implode(' ', self::arguments($input, 'prompt')), $options);
    }
}
