<?php

declare(strict_types=1);

namespace Mj\Console\Command;

use Mj\Client;
use Mj\Console\Options;
use Mj\Console\Suggestions;
use Mj\Task;
use Symfony\Component\Console\Completion\CompletionInput;
use Symfony\Component\Console\Input\InputArgument;
use Symfony\Component\Console\Input\InputInterface;
use Symfony\Component\Console\Input\InputOption;

/** `mj action ID vary_subtle`: any button, by its name or its `custom_id`. */
final class ActionCommand extends Submission
{
    protected function configure(): void
    {
        parent::configure();
        $this->setName('action')
            ->setDescription('Press any button of a task')
            ->addArgument('id', InputArgument::REQUIRED, 'the task, or "last" for the newest')
            ->addArgument('name', InputArgument::REQUIRED, 'the button\'s name, as vary_subtle or imagine1, or its custom_id')
            ->addOption('prompt', null, InputOption::VALUE_REQUIRED, 'what is written into the form that the button opens')
            ->addOption('mask', null, InputOption::VALUE_REQUIRED, 'of vary_region: PNG of the picture\'s size, white where it may change')
            ->addOption('value', null, InputOption::VALUE_REQUIRED | InputOption::VALUE_IS_ARRAY, 'of a menu: what is chosen; may be given again');
    }

    protected function hasBot(): bool
    {
        return false;
    }

    protected function argumentValues(string $name, CompletionInput $input, Suggestions $suggestions): array
    {
        $id = $input->getArgument('id');

        return $name === 'id' ? $suggestions->tasks() : $suggestions->actions(is_string($id) ? $id : '');
    }

    protected function submit(Client $client, InputInterface $input, array $options): Task
    {
        $own = ['prompt' => Options::text($input, 'prompt'), 'mask' => Options::text($input, 'mask')];
        $own['values'] = Options::texts($input, 'value') ?: null;

        return $client->action(
            $this->id(self::argument($input, 'id')),
            self::argument($input, 'name'),
            $options + array_filter($own, static fn(mixed $one): bool => $one !== null),
        );
    }
}
