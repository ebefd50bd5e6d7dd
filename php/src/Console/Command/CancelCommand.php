<?php

declare(strict_types=1);

namespace Mj\Console\Command;

use Mj\Console\ExitCode;
use Symfony\Component\Console\Input\InputArgument;
use Symfony\Component\Console\Input\InputInterface;
use Symfony\Component\Console\Output\OutputInterface;

/** `mj cancel ID`. */
final class CancelCommand extends BaseCommand
{
    protected function configure(): void
    {
        parent::configure();
        $this->setName('cancel')
            ->setDescription('Cancel a task, or all of a group')
            ->addArgument('id', InputArgument::REQUIRED, 'the task, or "last" for the newest');
    }

    protected function execute(InputInterface $input, OutputInterface $output): int
    {
        $id = $this->id(self::argument($input, 'id'));
        $isAsked = $this->client()->cancel($id);
        $task = $this->task($id);
        if (self::isJson($input)) {
            self::json($output, $task);
        } else {
            $output->writeln(match (true) {
                !$isAsked => "$id had ended before.",
                $task->isFinished() => "$id is cancelled.",
                default => "$id will be cancelled: Midjourney is asked to.",
            });
        }

        return $isAsked ? ExitCode::DONE : ExitCode::FAILED;
    }
}
