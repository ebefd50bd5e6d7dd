<?php

declare(strict_types=1);

namespace Mj\Console;

use Symfony\Component\Console\Application as SymfonyApplication;
use Symfony\Component\Console\Input\InputInterface;
use Symfony\Component\Console\Output\OutputInterface;

/** The command `mj`. Works with Symfony Console 5.4 and later. */
final class Application extends SymfonyApplication
{
    public function __construct(?Console $console = null)
    {
        parent::__construct('mj', phpversion('mj') ?: 'without the extension');
        $console ??= new Console();
        $this->addCommands([
            new Command\ImagineCommand($console),
            new Command\DescribeCommand($console),
            new Command\BlendCommand($console),
            new Command\ShortenCommand($console),
            new Command\ShowCommand($console),
            new Command\UpscaleCommand($console),
            new Command\VaryCommand($console),
            new Command\ZoomCommand($console),
            new Command\PanCommand($console),
            new Command\RerollCommand($console),
            new Command\ActionCommand($console),
            new Command\CommandCommand($console),
            new Command\TaskCommand($console),
            new Command\TasksCommand($console),
            new Command\WatchCommand($console),
            new Command\CancelCommand($console),
            new Command\DownloadCommand($console),
            new Command\StatusCommand($console),
            new Command\DoctorCommand($console),
            new Command\MetricsCommand($console),
            new Command\ServeCommand($console),
            ...(Command\CompletionCommand::isNeeded() ? [new Command\CompletionCommand()] : []),
        ]);
    }

    public function run(?InputInterface $input = null, ?OutputInterface $output = null): int
    {
        return parent::run($input, $output ?? new Output());
    }

    /** All that is thrown becomes a line and an exit code here; nothing is thrown to the caller. */
    public function doRun(InputInterface $input, OutputInterface $output): int
    {
        try {
            if ($input->getFirstArgument() === 'imagine' && $input->hasParameterOption('--version', true)) {
                throw Refusal::usage('--version tells the version of mj: give --v for that of the model, or write it into the prompt');
            }

            $code = parent::doRun($input, $output);
            $trouble = $output instanceof Output ? $output->trouble() : null;

            return $trouble === null ? $code : throw Refusal::failed("standard output cannot be written: $trouble");
        } catch (\Throwable $thrown) {
            return (new Failure($thrown))->tell($output, $input->hasParameterOption('--json', true));
        }
    }
}
