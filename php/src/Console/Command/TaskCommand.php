<?php

declare(strict_types=1);

namespace Mj\Console\Command;

use Mj\Client;
use Mj\Console\ExitCode;
use Mj\Console\Options;
use Mj\Console\Text;
use Mj\Task;
use Symfony\Component\Console\Input\InputArgument;
use Symfony\Component\Console\Input\InputInterface;
use Symfony\Component\Console\Input\InputOption;
use Symfony\Component\Console\Output\OutputInterface;

/** `mj task ID`: a task as it is, or with `--wait` as a submission shows it. */
final class TaskCommand extends Waiting
{
    protected function configure(): void
    {
        parent::configure();
        $this->setName('task')
            ->setDescription('Show a task; with --wait, wait for its end')
            ->addArgument('id', InputArgument::REQUIRED, 'the task, or "last" for the newest')
            ->addOption('wait', null, InputOption::VALUE_NONE, 'wait for its end, and end with 1 when it failed');
        Options::addWaiting($this->getDefinition());
    }

    protected function execute(InputInterface $input, OutputInterface $output): int
    {
        $this->check($input);
        $task = $this->task(self::argument($input, 'id'));
        if ($input->getOption('wait') === true) {
            return $this->follow($input, $output, static fn(Client $client): Task => $task);
        }
        if ($task->isFinished()) {
            $code = $this->follow($input, $output, static fn(Client $client): Task => $task);

            // That the task failed is no failure of looking at it.
            return $code === ExitCode::FAILED ? ExitCode::DONE : $code;
        }
        if (self::isJson($input)) {
            self::json($output, $task);
        } else {
            $output->writeln([
                "<info>$task->id</info>  " . Text::action($task),
                Text::cut($task->prompt, $this->console->terminal()->width() - 1),
                Text::state($task) . ", $task->progress % · " . Text::duration($task) . ($task->account === null ? '' : ' · ' . Text::line($task->account)),
            ]);
        }

        return ExitCode::DONE;
    }
}
