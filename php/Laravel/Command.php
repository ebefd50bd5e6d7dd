<?php

declare(strict_types=1);

namespace Mj\Laravel;

use Illuminate\Console\Command as ArtisanCommand;
use Mj\Framework\Application;
use Mj\Framework\Command as Work;
use Symfony\Component\Console\Input\InputArgument;
use Symfony\Component\Console\Input\InputOption;
use Symfony\Component\Console\Output\OutputInterface;

/** A command of `Mj\Framework` in Artisan. */
abstract class Command extends ArtisanCommand
{
    public function __construct()
    {
        $work = static::work();
        $this->name = $work::NAME;
        $this->description = $work::DESCRIPTION;
        parent::__construct();
    }

    /** @return class-string<Work> */
    abstract protected static function work(): string;

    public function handle(): int
    {
        return static::work()::run(
            function (): Application {
                $application = $this->laravel->make(Application::class);
                assert($application instanceof Application);

                return $application;
            },
            $this->arguments() + $this->options(),
            // What stands between < and > in a reason or an address is no style.
            fn(string $line) => $this->output->writeln($line, OutputInterface::OUTPUT_RAW),
        );
    }

    /** @return list<InputArgument> */
    protected function getArguments(): array
    {
        $arguments = [];
        foreach (static::work()::parameters() as $one) {
            if ($one->isArgument()) {
                $arguments[] = new InputArgument($one->name(), InputArgument::REQUIRED, $one->help());
            }
        }

        return $arguments;
    }

    /** @return list<InputOption> */
    protected function getOptions(): array
    {
        $options = [];
        foreach (static::work()::parameters() as $one) {
            if ($one->isFlag()) {
                $options[] = new InputOption($one->name(), null, InputOption::VALUE_NONE, $one->help());
            } elseif (!$one->isArgument()) {
                $options[] = new InputOption($one->name(), null, InputOption::VALUE_REQUIRED, $one->help(), $one->default());
            }
        }

        return $options;
    }
}
