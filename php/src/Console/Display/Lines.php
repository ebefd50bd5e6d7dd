<?php

declare(strict_types=1);

namespace Mj\Console\Display;

use Mj\Console\Text;
use Mj\Task;
use Symfony\Component\Console\Output\OutputInterface;

/** One line for each change: for logs and pipes. */
final class Lines implements Display
{
    private string $last = '';

    private Result $result;

    public function __construct(private OutputInterface $output, int $width)
    {
        $this->result = new Result($output, $width);
    }

    public function begin(Task $task): void
    {
        $this->output->writeln("$task->id  " . Text::action($task));
    }

    public function show(Task $task): void
    {
        $line = Text::state($task) . ($task->isFinished() || $task->progress === 0 ? '' : ", $task->progress %");
        if ($line !== $this->last && !$task->isFinished()) {
            $this->output->writeln("$task->id  $line");
        }
        $this->last = $line;
    }

    public function end(Task $task, array $files): void
    {
        $this->output->writeln("$task->id  " . Text::state($task) . ', ' . Text::duration($task));
        $this->result->show($task, $files);
    }

    public function leave(Task $task, string $why): void
    {
        $this->result->goesOn($task, $why);
    }
}
