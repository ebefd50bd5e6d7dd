<?php

declare(strict_types=1);

namespace Mj\Console\Command;

use Mj\Action;
use Mj\Console\ExitCode;
use Mj\Console\Options;
use Mj\Console\Refusal;
use Mj\Console\TaskTable;
use Mj\Status;
use Mj\Task;
use Symfony\Component\Console\Input\InputInterface;
use Symfony\Component\Console\Input\InputOption;
use Symfony\Component\Console\Output\OutputInterface;

/** `mj tasks --status IN_PROGRESS`. */
final class TasksCommand extends BaseCommand
{
    /** Tasks that are read at once where some of them are left out. */
    private const PAGE = 200;

    protected function configure(): void
    {
        parent::configure();
        $this->setName('tasks')
            ->setDescription('List tasks, the newest first')
            ->addOption('status', null, InputOption::VALUE_REQUIRED | InputOption::VALUE_IS_ARRAY, 'only of this status, as FAILURE; may be given again')
            ->addOption('action', null, InputOption::VALUE_REQUIRED | InputOption::VALUE_IS_ARRAY, 'only of this kind, as UPSCALE; may be given again')
            ->addOption('account', null, InputOption::VALUE_REQUIRED, 'only of this account')
            ->addOption('group', null, InputOption::VALUE_REQUIRED, 'only those of this group')
            ->addOption('parent', null, InputOption::VALUE_REQUIRED, 'only those of this task\'s buttons')
            ->addOption('state', null, InputOption::VALUE_REQUIRED, 'only with these words of your own')
            ->addOption('limit', null, InputOption::VALUE_REQUIRED, 'how many, 1 to 1000', '20')
            ->addOption('cursor', null, InputOption::VALUE_REQUIRED, 'where to go on, as the list before said');
    }

    protected function execute(InputInterface $input, OutputInterface $output): int
    {
        $limit = Options::whole('limit', (string) Options::text($input, 'limit'));
        if ($limit < 1 || $limit > 1000) {
            throw Refusal::usage('--limit must be from 1 to 1000');
        }
        $actions = self::words($input, 'action', array_map('strval', Action::cases()));
        [$tasks, $cursor] = $this->found($this->filter($input), $actions, $limit, Options::text($input, 'cursor'));
        if (self::isJson($input)) {
            self::json($output, ['tasks' => $tasks, 'cursor' => $cursor]);

            return ExitCode::DONE;
        }
        if ($tasks === []) {
            $output->writeln('No tasks.');

            return ExitCode::DONE;
        }
        (new TaskTable($this->console->terminal()->tableWidth($output)))->write($output, $tasks);
        if ($cursor !== null) {
            $output->writeln("More: <info>--cursor=$cursor</info>");
        }

        return ExitCode::DONE;
    }

    /**
     * @param array{status?: list<string>, parent_id?: string, group_id?: string, account?: string, state?: string} $filter
     * @param list<string> $actions all, where it is empty
     *
     * @return array{list<Task>, string|null}
     */
    private function found(array $filter, array $actions, int $limit, ?string $cursor): array
    {
        $tasks = [];
        $last = null;
        do {
            $page = $this->client()->tasks($filter, $actions === [] ? $limit : self::PAGE, $cursor);
            $cursor = $page->cursor();
            foreach ($page as $task) {
                if ($actions !== [] && !$task->action->is(...$actions)) {
                    continue;
                }
                if (count($tasks) === $limit) {
                    // Its page is not read to the end: the next one begins behind the last that is shown.
                    return [$tasks, $last];
                }
                $tasks[] = $task;
                $last = $task->id;
            }
        } while ($actions !== [] && $cursor !== null);

        return [$tasks, $cursor];
    }

    /** @return array{status?: list<string>, parent_id?: string, group_id?: string, account?: string, state?: string} */
    private function filter(InputInterface $input): array
    {
        $statuses = self::words($input, 'status', array_map('strval', Status::cases()));
        $words = [
            'account' => Options::text($input, 'account'),
            'group_id' => Options::text($input, 'group'),
            'parent_id' => Options::text($input, 'parent'),
            'state' => Options::text($input, 'state'),
        ];

        return ($statuses === [] ? [] : ['status' => $statuses]) + array_filter($words, static fn(?string $word): bool => $word !== null);
    }

    /**
     * @param list<string> $known
     *
     * @return list<string> in capitals
     */
    private static function words(InputInterface $input, string $option, array $known): array
    {
        $words = array_map('strtoupper', Options::texts($input, $option));
        $unknown = array_diff($words, $known);

        return $unknown === [] ? $words : throw Refusal::usage("--$option must be one of " . implode(', ', $known));
    }
}
