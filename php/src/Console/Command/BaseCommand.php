<?php

declare(strict_types=1);

namespace Mj\Console\Command;

use Mj\Client;
use Mj\Console\Console;
use Mj\Console\Refusal;
use Mj\Console\Suggestions;
use Mj\Console\Text;
use Mj\Task;
use Symfony\Component\Console\Command\Command;
use Symfony\Component\Console\Completion\CompletionInput;
use Symfony\Component\Console\Completion\CompletionSuggestions;
use Symfony\Component\Console\Input\InputInterface;
use Symfony\Component\Console\Input\InputOption;
use Symfony\Component\Console\Output\OutputInterface;

/** What all commands have: the client, `--json`, and values for the shell's completion. */
abstract class BaseCommand extends Command
{
    public function __construct(protected Console $console)
    {
        parent::__construct();
    }

    public function complete(CompletionInput $input, CompletionSuggestions $suggestions): void
    {
        $name = (string) $input->getCompletionName();
        $helper = new Suggestions($this->console);
        if ($input->mustSuggestOptionValuesFor($name)) {
            $suggestions->suggestValues($helper->ofOption($name));
        } elseif ($input->mustSuggestArgumentValuesFor($name)) {
            $suggestions->suggestValues($this->argumentValues($name, $input, $helper));
        }
    }

    protected function configure(): void
    {
        $this->addOption('json', null, InputOption::VALUE_NONE, 'one JSON object, for scripts');
    }

    /** @return list<string> what an argument may be */
    protected function argumentValues(string $name, CompletionInput $input, Suggestions $suggestions): array
    {
        return in_array($name, ['id', 'ids'], true) ? $suggestions->tasks() : [];
    }

    protected function client(): Client
    {
        return $this->console->client();
    }

    protected static function isJson(InputInterface $input): bool
    {
        return $input->getOption('json') === true;
    }

    protected static function json(OutputInterface $output, mixed $value): void
    {
        $output->writeln(Text::json($value), OutputInterface::OUTPUT_RAW);
    }

    protected static function argument(InputInterface $input, string $name): string
    {
        $value = $input->getArgument($name);

        return is_string($value) ? $value : '';
    }

    /** @return list<string> */
    protected static function arguments(InputInterface $input, string $name): array
    {
        $values = $input->getArgument($name);

        return is_array($values) ? array_values(array_filter($values, 'is_string')) : [];
    }

    /** The id that was given; that of the newest task for `last`. */
    protected function id(string $given): string
    {
        if ($given !== 'last') {
            return $given;
        }
        $newest = $this->client()->tasks([], 1)->tasks();

        return $newest === [] ? throw Refusal::usage('there is no task yet') : $newest[0]->id;
    }

    /** @throws Refusal where there is no such task */
    protected function task(string $given): Task
    {
        return $this->client()->poll($this->id($given)) ?? throw Refusal::usage("there is no task $given");
    }
}
