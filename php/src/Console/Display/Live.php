<?php

declare(strict_types=1);

namespace Mj\Console\Display;

use Mj\Console\Picture\Box;
use Mj\Console\Picture\Canvas;
use Mj\Console\Picture\Protocol;
use Mj\Console\Preview;
use Mj\Console\Terminal;
use Mj\Console\Text;
use Mj\Task;
use Symfony\Component\Console\Helper\ProgressBar;
use Symfony\Component\Console\Output\OutputInterface;
use Symfony\Component\Console\Output\StreamOutput;

/** A bar that moves, with the half-done picture above it, and the finished one in its place. */
final class Live implements Display
{
    /** Pictures of a finished task that are shown: a group may have forty. */
    private const MOST = 4;

    private ProgressBar $bar;

    private ?Canvas $canvas = null;

    private bool $isBegun = false;

    public function __construct(
        private OutputInterface $output,
        private Terminal $terminal,
        private ?Preview $preview = null,
        private ?Protocol $protocol = null,
        private ?Box $box = null,
    ) {
        $this->bar = new ProgressBar(self::alone($output), 100);
        $this->bar->setFormat('<fg=cyan>%bar%</> %percent:3s% %  %message%');
        $isUnicode = $terminal->isUnicode();
        $this->bar->setBarWidth($this->barWidth());
        $this->bar->setBarCharacter($isUnicode ? '█' : '#');
        $this->bar->setProgressCharacter('');
        $this->bar->setEmptyBarCharacter($isUnicode ? '░' : '.');
        $this->bar->minSecondsBetweenRedraws(0);
        if ($protocol !== null && $box !== null && $preview !== null) {
            $this->canvas = new Canvas($output, $protocol, $box);
        }
    }

    public function begin(Task $task): void
    {
        $this->output->writeln("<info>$task->id</info>  " . Text::action($task));
        if ($task->prompt !== '') {
            $this->output->writeln(Text::cut($task->prompt, $this->terminal->width() - 1));
        }
        if ($this->canvas !== null) {
            $this->output->writeln('');
        }
    }

    public function show(Task $task): void
    {
        if ($task->isFinished()) {
            return;
        }
        $words = array_filter([Text::state($task), Text::duration($task), $task->mode, $task->account]);
        $this->bar->setBarWidth($this->barWidth());
        $message = Text::cut(implode(' · ', $words), max(1, $this->terminal->width() - $this->bar->getBarWidth() - 10));
        $this->bar->setMessage($message);
        $picture = $this->canvas === null ? null : $this->preview?->halfDone($task);
        if ($picture !== null) {
            $this->draw($picture);
        }
        $this->move($task->progress);
    }

    public function end(Task $task, array $files): void
    {
        $this->wipe();
        $pictures = $this->canvas === null || !$task->succeeded() ? [] : $this->preview?->finished($task, self::MOST) ?? [];
        foreach ($pictures as $number => $picture) {
            // The first one takes the place of the half-done one.
            if ($number > 0 && $this->protocol !== null && $this->box !== null) {
                $this->canvas = new Canvas($this->output, $this->protocol, $this->box);
            }
            $this->canvas?->draw($picture);
        }
        $bar = str_repeat($this->bar->getBarCharacter(), $this->bar->getBarWidth());
        $head = $task->succeeded() ? "<info>$bar</info> 100 %  " : '';
        $words = array_filter(['<options=bold>' . Text::state($task) . '</>', Text::duration($task), $task->mode, $task->account]);
        $this->output->writeln($head . implode(' · ', $words));
        $this->result()->show($task, $files);
    }

    public function leave(Task $task, string $why): void
    {
        $this->wipe();
        $this->result()->goesOn($task, $why);
    }

    /** Of an output that has another one for errors, a bar takes that. */
    private static function alone(OutputInterface $output): OutputInterface
    {
        return $output instanceof StreamOutput
            ? new StreamOutput($output->getStream(), $output->getVerbosity(), $output->isDecorated(), $output->getFormatter())
            : $output;
    }

    private function result(): Result
    {
        return new Result($this->output, $this->terminal->width());
    }

    private function barWidth(): int
    {
        $width = $this->terminal->width();

        return $width < 40 ? 4 : max(10, min(32, $width - 48));
    }

    private function draw(string $picture): void
    {
        $this->wipe();
        $this->canvas?->draw($picture);
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
