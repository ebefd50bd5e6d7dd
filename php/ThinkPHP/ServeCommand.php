<?php

declare(strict_types=1);

namespace Mj\ThinkPHP;

use Mj\Client;
use Mj\Midjourney;
use think\console\Command;
use think\console\Input;
use think\console\input\Option;
use think\console\Output;

/** `php think mj:serve`: a process that stays as the owner, where PHP-FPM is not there to be one. Not needed beside it. */
final class ServeCommand extends Command
{
    protected function configure(): void
    {
        $this->setName('mj:serve')
            ->setDescription('Stay, and talk to Discord')
            ->addOption('seconds', null, Option::VALUE_REQUIRED, 'how long; for ever without', '');
    }

    protected function execute(Input $input, Output $output): int
    {
        $mj = $this->app->make(Client::class);
        if (!$mj instanceof Midjourney) {
            $output->writeln('the client is not the extension\'s');

            return 1;
        }
        $seconds = $input->getOption('seconds');
        $mj->serve(is_numeric($seconds) ? (float) $seconds : INF);

        return 0;
    }
}
