<?php

declare(strict_types=1);

namespace Mj\Console;

use Mj\Task;
use Symfony\Component\Console\Helper\Helper;
use Symfony\Component\Console\Helper\Table;
use Symfony\Component\Console\Output\BufferedOutput;
use Symfony\Component\Console\Output\OutputInterface;

/** Tasks as a table that is no wider than the terminal: ids are whole, and what finds no room is left out. */
final class TaskTable
{
    /** Columns of the terminal that a state has at most and at least, and a prompt at least. */
    private const STATE = 28;
    private const SHORT = 6;
    private const PROMPT = 10;

    /** What is left out first. */
    private const DISPENSABLE = ['age', 'kind', 'at', 'prompt'];

    public function __construct(private int $width) {}

    /** @param list<Task> $tasks */
    public function write(OutputInterface $output, array $tasks): void
    {
        $output->write($this->text($tasks, $output->isDecorated()), false, OutputInterface::OUTPUT_RAW);
    }

    /** @param list<Task> $tasks */
    public function text(array $tasks, bool $isDecorated): string
    {
        $rows = array_map(static fn(Task $task): array => self::row($task), $tasks);
        $widths = $this->widths($rows);
        $columns = array_keys($widths);
        $buffer = new BufferedOutput(OutputInterface::VERBOSITY_NORMAL, $isDecorated);
        $table = new Table($buffer);
        $table->setStyle('compact');
        $table->setHeaders($columns);
        foreach ($tasks as $number => $task) {
            $cells = $rows[$number];
            $cells['status'] = '<fg=' . self::colour($task) . '>' . self::fit($cells['status'], $widths['status'] ?? 0) . '</>';
            $cells['prompt'] = Text::cut($task->prompt, $widths['prompt'] ?? 0);
            $table->addRow(array_map(static fn(string $column): string => $cells[$column], $columns));
        }
        $table->render();

        return $buffer->fetch();
    }

    /**
     * How wide the columns are that find room; ids are as wide as they are.
     *
     * @param list<array<string, string>> $rows
     *
     * @return array<string, int>
     */
    private function widths(array $rows): array
    {
        $of = static fn(string $column): int => max(array_map([Helper::class, 'width'], array_map('stripslashes', [$column, ...array_column($rows, $column)])));
        $widths = ['id' => $of('id'), 'kind' => $of('kind'), 'status' => $of('status'), 'at' => $of('at'), 'age' => $of('age'), 'prompt' => self::PROMPT];
        foreach (self::DISPENSABLE as $column) {
            if ($this->left($widths) >= 0) {
                break;
            }
            unset($widths[$column]);
        }
        $left = $this->left($widths);
        if (isset($widths['prompt'])) {
            $widths['prompt'] += $left;
        }
        if ($left < 0) {
            $widths['status'] = ($widths['status'] ?? 0) + $left;
        }

        return ($widths['status'] ?? 0) < self::SHORT ? ['id' => 0] : $widths;
    }

    /**
     * How many columns of the terminal are left beside these.
     *
     * @param array<string, int> $widths
     */
    private function left(array $widths): int
    {
        // Behind each stands a space, but behind the last.
        return $this->width - (int) array_sum($widths) - count($widths) + 1;
    }

    /** A state that is escaped already. */
    private static function fit(string $state, int $columns): string
    {
        return Helper::width(stripslashes($state)) > $columns ? Text::cut(stripslashes($state), $columns) : $state;
    }

    /** @return array<string, string> all but the prompt */
    private static function row(Task $task): array
    {
        $state = Text::state($task);

        return [
            'id' => $task->id,
            'kind' => Text::action($task),
            'status' => self::fit($state, self::STATE),
            'at' => "$task->progress %",
            'age' => Text::age($task),
        ];
    }

    private static function colour(Task $task): string
    {
        return match (true) {
            $task->succeeded() => 'green',
            $task->failed() => 'red',
            $task->isFinished() => 'gray',
            default => 'yellow',
        };
    }
}
