<?php

declare(strict_types=1);

namespace Mj\Console\Display;

use Mj\Console\Picture\Gallery;
use Mj\Console\Text;
use Mj\Task;
use Symfony\Component\Console\Helper\ProgressBar;
use Symfony\Component\Console\Output\OutputInterface;
use Symfony\Component\Console\Output\StreamOutput;

/** A bar that moves, with the half-done picture above it, and the finished one in its place. */
final class Live implements Display
{
    private ProgressBar $bar;

    private Result $result;

    private bool $isBegun = false;

    public function __construct(
        private OutputInterface $output,
        private int $width,
        bool $isUnicode,
        private ?Gallery $gallery,
    ) {
        $this->bar = new ProgressBar(self::alone($output), 100);
        $this->bar->setFormat('<fg=cyan>%bar%</> %percent:3s% %  %message%');
        $this->bar->setBarWidth(max(10, min(32, $width - 48)));
        $this->bar->setBarCharacter($isUnicode ? '█' : '#');
        $this->bar->setProgressCharacter('');
        $this->bar->setEmptyBarCharacter($isUnicode ? '░' : '.');
        $this->bar->minSecondsBetweenRedraws(0);
        $this->result = new Result($output, $width);
    }

    public function begin(Task $task): void
    {
        $this->output->writeln("<info>$task->id</info>  " . Text::action($task));
        if ($task->prompt !== '') {
            $this->output->writeln(Text::cut($task->prompt, $this->width - 1));
        }
        if ($this->gallery !== null) {
            $this->output->writeln('');
        }
    }

    public function show(Task $task): void
    {
        if ($task->isFinished()) {
            return;
        }
        $words = array_filter([Text::state($task), Text::duration($task), $task->mode, $task->account]);
        $message = Text::cut(implode(' · ', $words), max(10, $this->width - $this->bar->getBarWidth() - 10));
        $this->bar->setMessage($message);
        $this->gallery?->showHalfDone($task, function (): void {
            $this->wipe();
        });
        $this->move($task->progress);
    }

    public function end(Task $task, array $files): void
    {
        $this->wipe();
        $this->gallery?->showFinished($task);
        $bar = str_repeat($this->bar->getBarCharacter(), $this->bar->getBarWidth());
        $head = $task->succeeded() ? "<info>$bar</info> 100 %  " : '';
        $words = array_filter(['<options=bold>' . Text::state($task) . '</>', Text::duration($task), $task->mode, $task->account]);
        $this->output->writeln($head . implode(' · ', $words));
        $this->result->show($task, $files);
    }

    public function leave(Task $task, string $why): void
    {
        $this->wipe();
        $this->result->goesOn($task, $why);
    }

    /** Of an output that has another one for errors, a bar takes that. */
    private static function alone(OutputInterface $output): OutputInterface
    {
        return $output instanceof StreamOutput
            ? new StreamOutput($output->getStream(), $output->getVerbosity(), $output->isDecorated(), $output->getFormatter())
            : $output;
    }

    private function move(int $progress): void
    {
        if (!$this->isBegun) {
            $this->bar->start();
            $this->isBegun = true;
        }
        $this->bar->setProgress($progress);
        $this->bar->display();
    }

    /** Takes the bar away; the cursor is at the beginning of its line then. */
    private function wipe(): void
    {
        if ($this->isBegun) {
            $this->bar->clear();
            $this->output->write("\r", false, OutputInterface::OUTPUT_RAW);
        }
    }
}
