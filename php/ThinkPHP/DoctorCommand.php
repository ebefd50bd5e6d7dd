<?php

declare(strict_types=1);

namespace Mj\ThinkPHP;

use Mj\Client;
use Mj\MjException;
use think\console\Command;
use think\console\Input;
use think\console\Output;

/** `php think mj:doctor`: what is wrong, and what to do; exits with 1 when something is. */
final class DoctorCommand extends Command
{
    protected function configure(): void
    {
        $this->setName('mj:doctor')->setDescription('Say what is wrong with Midjourney on this machine');
    }

    protected function execute(Input $input, Output $output): int
    {
        if (!function_exists('mj_doctor')) {
            $output->writeln('the extension mj is not loaded');

            return 1;
        }
        try {
            // It takes the settings of config/mj.php.
            $this->app->make(Client::class);
        } catch (MjException $thrown) {
            $output->writeln($thrown->getMessage());
        }
        $report = mj_doctor();
        assert(is_array($report));
        foreach ($report['checks'] as $check) {
            $output->writeln("{$check['status']}  {$check['title']}: {$check['seen']}");
            if ($check['todo'] !== null) {
                $output->writeln("    {$check['todo']}");
            }
        }

        return $report['ok'] ? 0 : 1;
    }
}
