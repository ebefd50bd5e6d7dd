<?php

declare(strict_types=1);

namespace Mj\Symfony;

use Mj\Framework\Application;
use Mj\Framework\Command as Work;
use Symfony\Component\Console\Command\Command as SymfonyCommand;
use Symfony\Component\Console\Input\InputArgument;
use Symfony\Component\Console\Input\InputInterface;
use Symfony\Component\Console\Input\InputOption;
use Symfony\Component\Console\Output\OutputInterface;

/** A command of `Mj\Framework` in Symfony's console. */
class Command extends SymfonyCommand
{
    /**
     * @param class-string<Work>      $work
     * @param \Closure(): Application $application asked for when the command runs
     */
    public function __construct(private string $work, private \Closure $application)
    {
        parent::__construct($work::NAME);
    }

    protected function configure(): void
    {
        $this->setDescription($this->work::DESCRIPTION);
        foreach ($this->work::parameters() as $one) {
            if ($one->isArgument()) {
                $this->addArgument($one->name(), InputArgument::REQUIRED, $one->help());
            } elseif ($one->isFlag()) {
                $this->addOption($one->name(), null, InputOption::VALUE_NONE, $one->help());
            } else {
                $this->addOption($one->name(), null, InputOption::VALUE_REQUIRED, $one->help(), $one->default());
            }
        }
    }

    protected function execute(InputInterface $input, OutputInterface $output): int
    {
        return $this->work::run(
            $this->application,
            $input->getArguments() + $input->getOptions(),
            // What stands between < and > in a reason or an address is no style.
            static fn(string $line) => $output->writeln($line, OutputInterface::OUTPUT_RAW),
        );
    }
}
