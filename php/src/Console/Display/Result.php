<?php

declare(strict_types=1);

namespace Mj\Console\Display;

use Mj\Button;
use Mj\Console\Text;
use Mj\Task;
use Symfony\Component\Console\Helper\Helper;
use Symfony\Component\Console\Output\OutputInterface;

/** What a task has to give, in lines. */
final class Result
{
    public function __construct(private OutputInterface $output, private int $width) {}

    /** @param list<string> $files in which its pictures were saved: they stand for the addresses */
    public function show(Task $task, array $files = []): void
    {
        if ($task->failReason !== null) {
            $this->line('<fg=red>' . Text::line($task->failReason) . '</>');
        }
        if ($task->retryable && !$task->succeeded()) {
            $this->line('The same may succeed later.');
        }
        $this->texts($task);
        $this->pictures($task, $files);
        foreach ($task->notes as $note) {
            $this->line('<comment>note:</comment> ' . Text::line($note));
        }
        $this->group($task);
        $this->buttons($task);
    }

    /** That the task goes on, and how to look at it again. */
    public function goesOn(Task $task, string $why): void
    {
        $this->line("$why The task goes on; look at it again with");
        $this->line("    <info>mj task $task->id --wait</info>");
    }

    private function texts(Task $task): void
    {
        $isList = array_keys($task->texts) === range(0, count($task->texts) - 1);
        foreach ($task->texts as $name => $text) {
            $this->line($isList ? '<info>' . ((int) $name + 1) . '.</info> ' . Text::line($text) : '<info>' . Text::line((string) $name) . '</info>  ' . Text::line($text));
        }
    }

    /** @param list<string> $files */
    private function pictures(Task $task, array $files): void
    {
        $facts = [];
        foreach ($task->images as $image) {
            $facts[] = $image->width === null ? null : "$image->width × $image->height";
        }
        $facts = array_unique(array_filter($facts));
        if ($task->seed !== null && $task->images !== []) {
            $facts[] = "seed $task->seed";
        }
        if ($facts !== []) {
            $this->line(implode(' · ', $facts));
        }
        foreach ($files === [] ? array_map('strval', $task->images) : $files as $place) {
            $this->line(Text::line($place));
        }
    }

    private function group(Task $task): void
    {
        $failed = $task->toArray()['failed'] ?? [];
        foreach ($task->tasks as $id) {
            $this->line("task <info>$id</info>" . (isset($failed[$id]) ? ' <fg=red>' . Text::line($failed[$id]) . '</>' : ''));
        }
    }

    /** The names that commands take: U2 is `mj upscale ID 2`. */
    private function buttons(Task $task): void
    {
        $names = array_map(static fn(Button $button): string => self::name($button), $task->buttons);
        if ($names === []) {
            return;
        }
        $line = '';
        $width = 0;
        foreach ($names as $name) {
            $chip = $this->output->isDecorated() ? "<fg=black;bg=cyan> $name </>" : "[$name]";
            if ($line !== '' && $width + Helper::width($name) + 3 > $this->width - 4) {
                $this->line($line);
                [$line, $width] = ['', 0];
            }
            $width += Helper::width($name) + 3;
            $line .= ($line === '' ? '' : ' ') . $chip;
        }
        $this->line($line);
        $this->next($task);
    }

    /** What may be typed now. */
    private function next(Task $task): void
    {
        $commands = [
            'upscale2' => "mj upscale $task->id 2",
            'variation3' => "mj vary $task->id 3",
            Button::UPSCALE_SUBTLE => "mj upscale $task->id subtle",
            Button::ZOOM_OUT_2X => "mj zoom $task->id",
            'imagine1' => "mj action $task->id imagine1",
        ];
        foreach ($commands as $button => $command) {
            if ($task->offers($button)) {
                $this->line("<fg=gray>$command</>");
            }
        }
    }

    private static function name(Button $button): string
    {
        $action = (string) $button->action;
        if (preg_match('/^(upscale|variation)([1-4])$/D', $action, $found) === 1) {
            return ($found[1] === 'upscale' ? 'U' : 'V') . $found[2];
        }

        return Text::line($action !== '' ? $action : (string) ($button->label ?? $button->emoji ?? $button->customId));
    }

    private function line(string $line): void
    {
        $this->output->writeln($line);
    }
}
