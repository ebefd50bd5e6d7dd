<?php

declare(strict_types=1);

namespace Mj\ChatMoney;

use think\console\Command;
use think\console\Input;
use think\console\input\Option;
use think\console\Output;

/**
 * `php think mj:sync`, for the cron of each minute: delivers results until nothing runs any more, or 50 seconds are over.
 *
 * `config/console.php` names it, `app/provider.php` says how a {@see Driver} is made.
 */
final class SyncCommand extends Command
{
    protected function configure(): void
    {
        $this->setName('mj:sync')
            ->setDescription('Deliver Midjourney results to draw_records')
            ->addOption('seconds', null, Option::VALUE_REQUIRED, 'how long at most', 50)
            ->addOption('install', null, Option::VALUE_NONE, 'create the table mj_delivery, and do nothing else')
            ->addOption('retry', null, Option::VALUE_NONE, 'try again what was given up')
            ->addOption('forget', null, Option::VALUE_NONE, 'forget what was given up');
    }

    protected function execute(Input $input, Output $output): int
    {
        if (!$this->app->has(Driver::class)) {
            $output->writeln('app/provider.php does not say how a ' . Driver::class . ' is made');

            return 1;
        }
        $driver = $this->app->make(Driver::class);
        assert($driver instanceof Driver);
        if ($input->getOption('install')) {
            $driver->install();
            $output->writeln('the table mj_delivery is there');

            return 0;
        }
        if ($input->getOption('retry')) {
            $output->writeln($driver->retry() . ' to be tried again');
        }
        if ($input->getOption('forget')) {
            $output->writeln($driver->forget() . ' forgotten');
        }
        $seconds = $input->getOption('seconds');
        $done = $driver->run(is_numeric($seconds) ? max(0.0, (float) $seconds) : 50.0);
        $output->writeln(sprintf(
            '%d delivered, %d failed; %d to be tried again, %d given up%s',
            $done['delivered'],
            $done['failed'],
            $done['owed'],
            $done['abandoned'],
            $done['open'] ? '; some tasks still run' : '',
        ));

        return $done['abandoned'] > 0 ? 1 : 0;
    }
}
