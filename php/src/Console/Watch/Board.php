<?php

declare(strict_types=1);

namespace Mj\Console\Watch;

use Mj\Console\TaskTable;
use Mj\Console\Terminal;
use Mj\Console\Text;
use Mj\Task;
use Symfony\Component\Console\Output\ConsoleOutputInterface;
use Symfony\Component\Console\Output\ConsoleSectionOutput;
use Symfony\Component\Console\Output\OutputInterface;

/** Shows what is watched: a table that is written over in a terminal, a line for each change elsewhere. */
final class Board
{
    /** @var array<string, Task> by id, those that changed last at the end */
    private array $tasks = [];

    /** @var array<string, int> */
    private array $revisions = [];

    private ?ConsoleSectionOutput $section = null;

    private float $drawn = 0.0;

    /** Columns in the beginning: the section goes by them when it counts the lines that it takes back. */
    private int $columns;

    public function __construct(private OutputInterface $output, private Terminal $terminal, private bool $isJson)
    {
        $this->columns = $terminal->width();
        if (!$isJson && $output instanceof ConsoleOutputInterface && $terminal->isLive($output)) {
            $this->section = $output->section();
        }
    }

    /** @param list<Task> $changed */
    public function show(array $changed): void
    {
        foreach ($changed as $task) {
            if (($this->revisions[$task->id] ?? 0) >= $task->revision) {
                continue;
            }
            $this->revisions[$task->id] = $task->revision;
            unset($this->tasks[$task->id]);
            $this->tasks[$task->id] = $task;
            $this->line($task);
        }
        // Ages grow where nothing changes.
        if ($this->section !== null && ($changed !== [] || microtime(true) - $this->drawn >= 1)) {
            $this->draw($this->section);
        }
        $this->forget();
    }

    private function draw(ConsoleSectionOutput $section): void
    {
        $room = $this->terminal->height() - 3;
        $shown = array_slice(array_values($this->tasks), -$room);
        $left = count($this->tasks) - count($shown);
        $text = $shown === [] ? 'Nothing runs. Ctrl-C ends it.' : (new TaskTable(min($this->columns, $this->terminal->width())))->text(array_reverse($shown), $this->output->isDecorated());
        $section->clear();
        $section->write(rtrim($text) . ($left === 0 ? '' : "\n$left more"), true, OutputInterface::OUTPUT_RAW);
        $this->drawn = microtime(true);
    }

    private function line(Task $task): void
    {
        if ($this->isJson) {
            $this->output->writeln(Text::json($task), OutputInterface::OUTPUT_RAW);
        } elseif ($this->section === null) {
            $this->output->writeln("$task->id  " . Text::action($task) . '  ' . Text::state($task) . ", $task->progress %");
        }
    }

    /** A watch of days keeps a screenful. */
    private function forget(): void
    {
        if (count($this->tasks) > 500) {
            $this->tasks = array_slice($this->tasks, -250, null, true);
            $this->revisions = array_slice($this->revisions, -2000, null, true);
        }
    }
}
