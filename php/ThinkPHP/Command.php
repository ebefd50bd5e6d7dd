<?php

declare(strict_types=1);

namespace Mj\ThinkPHP;

use Mj\Framework\Application;
use Mj\Framework\Command as Work;
use think\console\Command as ThinkCommand;
use think\console\Input;
use think\console\input\Argument;
use think\console\input\Option;
use think\console\Output;

/** A command of `Mj\Framework` in ThinkPHP's console. */
abstract class Command extends ThinkCommand
{
    /** @return class-string<Work> */
    abstract protected static function work(): string;

    protected function configure(): void
    {
        $work = static::work();
        $this->setName($work::NAME)->setDescription($work::DESCRIPTION);
        foreach ($work::parameters() as $one) {
            if ($one->isArgument()) {
                $this->addArgument($one->name(), Argument::REQUIRED, $one->help());
            } elseif ($one->isFlag()) {
                $this->addOption($one->name(), null, Option::VALUE_NONE, $one->help());
            } else {
                $this->addOption($one->name(), null, Option::VALUE_REQUIRED, $one->help(), $one->default());
            }
        }
    }

    protected function execute(Input $input, Output $output): int
    {
        $work = static::work();
        $given = [];
        foreach ($work::parameters() as $one) {
            $given[$one->name()] = $one->isArgument() ? $input->getArgument($one->name()) : $input->getOption($one->name());
        }

        return $work::run(
            function (): Application {
                $application = $this->app->make(Application::class);
                assert($application instanceof Application);

                return $application;
            },
            $given,
            // What stands between < and > in a reason or an address is no style.
            static fn(string $line) => $output->writeln($line, Output::OUTPUT_RAW),
        );
    }
}
