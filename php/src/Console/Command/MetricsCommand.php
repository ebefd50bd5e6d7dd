<?php

declare(strict_types=1);

namespace Mj\Console\Command;

use Mj\Console\ExitCode;
use Symfony\Component\Console\Input\InputInterface;
use Symfony\Component\Console\Output\OutputInterface;

/** `mj metrics`: what a Prometheus server is given. */
final class MetricsCommand extends BaseCommand
{
    protected function configure(): void
    {
        parent::configure();
        $this->setName('metrics')->setDescription('Print counters and gauges in Prometheus\'s text format');
    }

    protected function execute(InputInterface $input, OutputInterface $output): int
    {
        $metrics = $this->client()->metrics();
        if (self::isJson($input)) {
            self::json($output, ['metrics' => $metrics]);
        } else {
            $output->write($metrics, false, OutputInterface::OUTPUT_RAW);
        }

        return ExitCode::DONE;
    }
}
