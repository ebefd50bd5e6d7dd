<?php

declare(strict_types=1);

namespace Mj\Console;

use Mj\Task;
use Symfony\Component\Console\Helper\Helper;
use Symfony\Component\Console\Helper\Table;
use Symfony\Component\Console\Output\BufferedOutput;
use Symfony\Component\Console\Output\OutputInterface;

/** Tasks as a table that is no wider than the terminal. */
final class TaskTable
{
    /** What all columns but the prompt take together, at most. */
    private const OTHERS = 79;

    public function __construct(private int $width) {}

    /** @param list<Task> $tasks */
    public function write(OutputInterface $output, array $tasks): void
    {
        $output->write($this->text($tasks, $output->isDecorated()), false, OutputInterface::OUTPUT_RAW);
    }

    /** @param list<Task> $tasks */
    public function text(array $tasks, bool $isDecorated): string
    {
        $buffer = new BufferedOutput(OutputInterface::VERBOSITY_NORMAL, $isDecorated);
        $table = new Table($buffer);
        $table->setStyle('compact');
        $table->setHeaders(['id', 'kind', 'status', 'at', 'age', 'prompt']);
        foreach ($tasks as $task) {
            $table->addRow($this->row($task));
        }
        $table->render();

        return $buffer->fetch();
    }

    /** @return list<string> */
    private function row(Task $task): array
    {
        $colour = match (true) {
            $task->succeeded() => 'green',
            $task->failed() => 'red',
            $task->isFinished() => 'gray',
            default => 'yellow',
        };
        $state = Text::state($task);
        $cut = Helper::width($state) > 28 ? Text::cut(stripslashes($state), 28) : $state;

        return [
            $task->id,
            Text::action($task),
            "<fg=$colour>$cut</>",
            "$task->progress %",
            Text::age($task),
            Text::cut($task->prompt, max(10, $this->width - self::OTHERS)),
        ];
    }
}
