<?php

declare(strict_types=1);

namespace Mj\Console\Command;

use Mj\Console\ExitCode;
use Mj\Console\Options;
use Mj\Console\Refusal;
use Mj\Console\Text;
use Mj\Report;
use Symfony\Component\Console\Input\InputInterface;
use Symfony\Component\Console\Input\InputOption;
use Symfony\Component\Console\Output\OutputInterface;

/** `mj doctor`: what is wrong on this machine, and what to do about it; ends with 5 when something failed. */
final class DoctorCommand extends BaseCommand
{
    private const SIGNS = [
        'ok' => '<info>ok     </info>', 'warning' => '<comment>warning</comment>', 'failed' => '<fg=red>FAILED </>',
        'skipped' => '<fg=gray>skipped</>', 'unknown' => '<comment>unknown</comment>',
    ];

    protected function configure(): void
    {
        parent::configure();
        $this->setName('doctor')
            ->setDescription('Say what is wrong on this machine, and what to do')
            ->addOption('lang', null, InputOption::VALUE_REQUIRED, 'en or zh; mj.lang without it')
            ->addOption('only', null, InputOption::VALUE_REQUIRED | InputOption::VALUE_IS_ARRAY, 'only these checks, as hub,state.writable: their names, or the part before the dot')
            ->addOption('no-network', null, InputOption::VALUE_NONE, 'leave out what needs the network')
            ->addOption('timeout', null, InputOption::VALUE_REQUIRED, 'seconds that the network may take, 1 to 60');
    }

    protected function execute(InputInterface $input, OutputInterface $output): int
    {
        $options = $input->getOption('no-network') === true ? ['network' => false] : [];
        $lang = Options::text($input, 'lang');
        if ($lang !== null) {
            $options['lang'] = in_array($lang, ['en', 'zh'], true) ? $lang : throw Refusal::usage('--lang must be en or zh');
        }
        $timeout = Options::seconds($input, 'timeout');
        $only = array_values(array_filter(array_map('trim', explode(',', implode(',', Options::texts($input, 'only'))))));
        $options += ($timeout === null ? [] : ['timeout' => $timeout]) + ($only === [] ? [] : ['only' => $only]);
        $report = $this->client()->doctor($options);
        if (self::isJson($input)) {
            self::json($output, $report);
        } else {
            $this->say($output, $report);
        }

        return $report->ok ? ExitCode::DONE : ExitCode::UNWELL;
    }

    private function say(OutputInterface $output, Report $report): void
    {
        foreach ($report as $check) {
            $output->writeln((self::SIGNS[$check->status->value] ?? '?') . '  ' . Text::line($check->title) . ': ' . Text::line($check->seen));
            if ($check->todo !== null) {
                $output->writeln('         <options=bold>→ ' . Text::line($check->todo) . '</>');
            }
        }
        $counts = array_filter($report->counts);
        $output->writeln('');
        $output->writeln(implode(', ', array_map(static fn(string $status, int $count): string => "$count $status", array_keys($counts), $counts)));
    }
}
