<?php

declare(strict_types=1);

namespace Mj\ThinkPHP;

use Mj\Client;
use Mj\Event\TaskChanged;
use Mj\Event\TaskFinished;
use Mj\Task;
use think\console\Command;
use think\console\Input;
use think\console\input\Option;
use think\console\Output;

/**
 * `php think mj:sync`, for the cron of each minute: hands what changed to the listeners of `Mj\Event\TaskChanged` and
 * `Mj\Event\TaskFinished`, whoever submitted it.
 *
 * A change counts as handled when no listener threw. What throws ends the run with 1 and comes again, before all others; so
 * a listener catches what must not hold up the rest, and keeps id and revision where it must act once.
 */
final class SyncCommand extends Command
{
    protected function configure(): void
    {
        $this->setName('mj:sync')
            ->setDescription('Tell the listeners of Midjourney tasks what changed')
            ->addOption('seconds', null, Option::VALUE_REQUIRED, 'how long it stays for what is to come', 50);
    }

    protected function execute(Input $input, Output $output): int
    {
        $mj = $this->app->make(Client::class);
        assert($mj instanceof Client);
        [$consumer, $seconds] = [$this->app->config->get('mj.consumer', 'thinkphp'), $input->getOption('seconds')];
        $until = hrtime(true) / 1e9 + (is_numeric($seconds) ? (float) $seconds : 50.0);
        $tell = function (Task $task): void {
            $this->app->event->trigger($task->isFinished() ? new TaskFinished($task) : new TaskChanged($task));
        };
        $handled = 0;
        try {
            do {
                $left = max(0.0, $until - hrtime(true) / 1e9);
                $new = $mj->consume(is_string($consumer) ? $consumer : 'thinkphp', $tell, 100, min(5.0, $left));
                $handled += $new;
            } while ($left > 0 || $new === 100);
        } catch (\Throwable $thrown) {
            $output->writeln($thrown::class . ' in ' . basename($thrown->getFile()) . ':' . $thrown->getLine() . '; it comes again');

            return 1;
        }
        $output->writeln("$handled changes");

        return 0;
    }
}
