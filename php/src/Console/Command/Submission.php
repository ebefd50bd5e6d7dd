<?php

declare(strict_types=1);

namespace Mj\Console\Command;

use Mj\Client;
use Mj\Console\ExitCode;
use Mj\Console\Options;
use Mj\Task;
use Symfony\Component\Console\Input\InputInterface;
use Symfony\Component\Console\Output\OutputInterface;

/** A command that submits a task and waits for it. */
abstract class Submission extends Waiting
{
    /**
     * Submits.
     *
     * @param array<string, mixed> $options that all submissions have
     */
    abstract protected function submit(Client $client, InputInterface $input, array $options): Task;

    protected function configure(): void
    {
        parent::configure();
        Options::addSubmission($this->getDefinition(), $this->hasBot());
    }

    /** Whether a bot can be chosen: a button belongs to the one that drew its task. */
    protected function hasBot(): bool
    {
        return true;
    }

    protected function execute(InputInterface $input, OutputInterface $output): int
    {
        // All that was typed is looked at before anything is submitted.
        $this->check($input);
        $options = Options::submission($input);
        if ($input->getOption('no-wait') === true) {
            $task = $this->submit($this->client(), $input, $options);
            self::isJson($input) ? self::json($output, $task) : $output->writeln($task->id);

            return ExitCode::DONE;
        }

        return $this->follow($input, $output, fn(Client $client): Task => $this->submit($client, $input, $options));
    }
}
