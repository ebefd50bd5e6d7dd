<?php

declare(strict_types=1);

namespace Mj\Console\Command;

use Mj\Client;
use Mj\Console\Suggestions;
use Mj\Task;
use Symfony\Component\Console\Completion\CompletionInput;
use Symfony\Component\Console\Input\InputArgument;
use Symfony\Component\Console\Input\InputInterface;

/** `mj show JOB`. */
final class ShowCommand extends Submission
{
    protected function configure(): void
    {
        parent::configure();
        $this->setName('show')
            ->setDescription('Bring a job of Midjourney\'s back, with its buttons')
            ->addArgument('job', InputArgument::REQUIRED, 'Midjourney\'s id of the job, or the id of a task of it');
    }

    protected function argumentValues(string $name, CompletionInput $input, Suggestions $suggestions): array
    {
        return $name === 'job' ? $suggestions->tasks() : [];
    }

    protected function submit(Client $client, InputInterface $input, array $options): Task
    {
        return $client->show($this->id(self::argument($input, 'job')), $options);
    }
}
