<?php

declare(strict_types=1);

namespace Mj\Console\Display;

use Mj\Console\Text;
use Mj\Task;
use Symfony\Component\Console\Output\ConsoleOutputInterface;
use Symfony\Component\Console\Output\OutputInterface;

/** One object, as the task is in the end; its id at once, on standard error. */
final class Json implements Display
{
    private ?Task $task = null;

    /** @var list<string> */
    private array $files = [];

    /** @param bool $isNew whether the task is submitted by this command */
    public function __construct(private OutputInterface $output, private bool $isNew) {}

    public function begin(Task $task): void
    {
        if ($this->isNew && $this->output instanceof ConsoleOutputInterface) {
            $this->output->getErrorOutput()->writeln(Text::json(['submitted' => $task->id]), OutputInterface::OUTPUT_RAW);
        }
    }

    public function show(Task $task): void {}

    public function end(Task $task, array $files): void
    {
        [$this->task, $this->files] = [$task, $files];
    }

    public function leave(Task $task, string $why): void
    {
        $this->task = $task;
    }

    /** Writes the object. */
    public function close(): void
    {
        if ($this->task !== null) {
            $record = $this->task->toArray() + ($this->files === [] ? [] : ['files' => $this->files]);
            $this->output->writeln(Text::json($record), OutputInterface::OUTPUT_RAW);
        }
        $this->task = null;
    }
}
