<?php

declare(strict_types=1);

namespace Mj\Console\Command;

use Mj\Console\ExitCode;
use Mj\Console\Interruption;
use Mj\Console\Options;
use Mj\Console\Output;
use Mj\Console\Watch\Board;
use Mj\Console\Watch\Feed;
use Mj\Console\Watch\Given;
use Symfony\Component\Console\Input\InputArgument;
use Symfony\Component\Console\Input\InputInterface;
use Symfony\Component\Console\Input\InputOption;
use Symfony\Component\Console\Output\OutputInterface;

/** `mj watch [ID…]`: a table of tasks that moves; of all that change where none is named. */
final class WatchCommand extends BaseCommand
{
    protected function configure(): void
    {
        parent::configure();
        $this->setName('watch')
            ->setDescription('Watch tasks until they have ended, or all that change')
            ->addArgument('ids', InputArgument::IS_ARRAY, 'tasks; without any all that change, whoever submitted them')
            ->addOption('timeout', null, InputOption::VALUE_REQUIRED, 'seconds after which it ends');
    }

    protected function execute(InputInterface $input, OutputInterface $output): int
    {
        $until = hrtime(true) / 1e9 + (Options::seconds($input, 'timeout') ?? INF);
        $ids = array_values(array_unique(array_map(fn(string $id): string => $this->id($id), self::arguments($input, 'ids'))));
        $source = $ids === [] ? new Feed($this->client()) : new Given($this->client(), $ids);
        $board = new Board($output, $this->console->terminal(), self::isJson($input));
        $interruption = Interruption::heard([$this->console->terminal(), 'resize']);
        $isRead = static fn(): bool => !$output instanceof Output || !$output->isClosed();
        try {
            do {
                $left = max(0.0, $until - hrtime(true) / 1e9);
                $board->show($source->changes(min(0.5, $left)));
            } while (!$source->isOver() && !$interruption->came() && $left > 0 && $isRead());
        } finally {
            $interruption->end();
        }

        if (!$isRead()) {
            return ExitCode::DONE;
        }

        return $interruption->came() ? $interruption->exitCode() : $source->exitCode();
    }
}
