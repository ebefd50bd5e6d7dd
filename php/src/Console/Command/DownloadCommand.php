<?php

declare(strict_types=1);

namespace Mj\Console\Command;

use Mj\Console\ExitCode;
use Mj\Console\Options;
use Mj\Console\Refusal;
use Mj\Console\Text;
use Symfony\Component\Console\Input\InputArgument;
use Symfony\Component\Console\Input\InputInterface;
use Symfony\Component\Console\Output\OutputInterface;

/** `mj download ID pictures --split`. */
final class DownloadCommand extends BaseCommand
{
    protected function configure(): void
    {
        parent::configure();
        $this->setName('download')
            ->setDescription('Save the pictures of a finished task, or the preview of one at work')
            ->addArgument('id', InputArgument::REQUIRED, 'the task, or "last" for the newest')
            ->addArgument('directory', InputArgument::OPTIONAL, 'where to; it is made where it is missing', '.');
        Options::addDownload($this->getDefinition());
    }

    protected function execute(InputInterface $input, OutputInterface $output): int
    {
        $options = Options::download($input);
        $directory = self::argument($input, 'directory');
        $task = $this->task(self::argument($input, 'id'));
        if (!is_dir($directory) && !@mkdir($directory, 0777, true)) {
            throw Refusal::usage("the directory $directory cannot be made");
        }
        $paths = $this->client()->download($task, $directory, $options);
        if ($paths === []) {
            throw Refusal::failed("the task shows no preview: it is {$task->status->value}, {$task->progress} %");
        }
        if (self::isJson($input)) {
            self::json($output, ['id' => $task->id, 'files' => $paths]);
        } else {
            foreach ($paths as $path) {
                $output->writeln(Text::line($path));
            }
        }

        return ExitCode::DONE;
    }
}
