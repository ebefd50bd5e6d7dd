<?php

declare(strict_types=1);

namespace Mj\ThinkPHP;

use Mj\Client;
use Mj\MjException;
use think\console\Command;
use think\console\Input;
use think\console\input\Argument;
use think\console\input\Option;
use think\console\Output;

/** `php think mj:imagine "a cat --ar 3:2"`: draws, shows each change, says where the pictures are. */
final class ImagineCommand extends Command
{
    protected function configure(): void
    {
        $this->setName('mj:imagine')
            ->setDescription('Draw with Midjourney')
            ->addArgument('prompt', Argument::REQUIRED, 'with its parameters')
            ->addOption('timeout', null, Option::VALUE_REQUIRED, 'seconds for which it is waited', 600)
            ->addOption('directory', null, Option::VALUE_REQUIRED, 'where the pictures are saved', '');
    }

    protected function execute(Input $input, Output $output): int
    {
        $mj = $this->app->make(Client::class);
        assert($mj instanceof Client);
        [$prompt, $timeout, $directory] = [$input->getArgument('prompt'), $input->getOption('timeout'), $input->getOption('directory')];
        try {
            $task = $mj->imagine(is_string($prompt) ? $prompt : '');
            foreach ($mj->stream($task, is_numeric($timeout) ? (float) $timeout : 600.0) as $task) {
                $output->writeln("$task->id $task->status $task->progress %");
            }
            if (!$task->isFinished()) {
                $output->writeln('it still runs');

                return 2;
            }
            foreach ($task->images as $image) {
                $output->writeln($image->url);
            }
            foreach (is_string($directory) && $directory !== '' && $task->succeeded() ? $mj->download($task, $directory) : [] as $path) {
                $output->writeln($path);
            }
        } catch (MjException|\ValueError $thrown) {
            $output->writeln($thrown->getMessage());

            return 1;
        }
        if (!$task->succeeded()) {
            $output->writeln((string) $task->failReason);
        }

        return $task->succeeded() ? 0 : 1;
    }
}
