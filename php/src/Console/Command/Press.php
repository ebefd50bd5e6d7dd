<?php

declare(strict_types=1);

namespace Mj\Console\Command;

use Mj\Client;
use Mj\Console\Options;
use Mj\Console\Refusal;
use Mj\Console\Suggestions;
use Mj\Task;
use Symfony\Component\Console\Completion\CompletionInput;
use Symfony\Component\Console\Input\InputArgument;
use Symfony\Component\Console\Input\InputInterface;
use Symfony\Component\Console\Input\InputOption;

/** A command that presses a button of a finished task. */
abstract class Press extends Submission
{
    /** @return array<int|string, string> names of buttons, by what may be typed for them; without any the button is fixed */
    abstract protected static function choices(): array;

    /** The button, where nothing was typed; null where something must be. */
    abstract protected static function usual(): ?string;

    protected function configure(): void
    {
        parent::configure();
        $this->addArgument('id', InputArgument::REQUIRED, 'the task, or "last" for the newest')
            ->addOption('prompt', null, InputOption::VALUE_REQUIRED, 'what is written into the form that the button opens');
        if (static::choices() !== []) {
            $this->addArgument('which', static::usual() === null ? InputArgument::REQUIRED : InputArgument::OPTIONAL, implode(', ', array_keys(static::choices())));
        }
    }

    protected function argumentValues(string $name, CompletionInput $input, Suggestions $suggestions): array
    {
        if ($name !== 'which') {
            return $suggestions->tasks();
        }
        $id = $input->getArgument('id');
        $offered = $suggestions->buttons(is_string($id) ? $id : '');
        $which = $offered === [] ? static::choices() : array_intersect(static::choices(), $offered);

        return array_map('strval', array_keys($which));
    }

    /** @throws Refusal where no such button is meant */
    protected function button(InputInterface $input): string
    {
        $which = static::choices() === [] ? '' : self::argument($input, 'which');
        $button = $which === '' ? static::usual() : static::choices()[strtolower($which)] ?? null;

        return $button ?? throw Refusal::usage("\"$which\" is none of " . implode(', ', array_keys(static::choices())));
    }

    protected function submit(Client $client, InputInterface $input, array $options): Task
    {
        $prompt = Options::text($input, 'prompt');

        return $client->action(
            $this->id(self::argument($input, 'id')),
            $this->button($input),
            $options + $this->more($input) + ($prompt === null ? [] : ['prompt' => $prompt]),
        );
    }

    /** @return array<string, mixed> options of this button alone */
    protected function more(InputInterface $input): array
    {
        return [];
    }

    protected function hasBot(): bool
    {
        return false;
    }

    protected function check(InputInterface $input): void
    {
        parent::check($input);
        $this->button($input);
    }
}
