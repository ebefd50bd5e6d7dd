<?php

declare(strict_types=1);

namespace Mj\Console\Command;

use Mj\Client;
use Mj\Console\Options;
use Mj\Console\Refusal;
use Mj\Task;
use Symfony\Component\Console\Input\InputArgument;
use Symfony\Component\Console\Input\InputInterface;

/** `mj imagine "a cat" --ar 3:2`. */
final class ImagineCommand extends Submission
{
    protected function configure(): void
    {
        parent::configure();
        Options::addPrompt($this->getDefinition());
        $this->setName('imagine')
            ->setDescription('Draw a picture')
            ->addArgument('prompt', InputArgument::IS_ARRAY, 'what to draw; Midjourney\'s parameters may be in it')
            ->setHelp(<<<'HELP'
                  <info>mj imagine "a lighthouse at dusk" --ar 3:2</info>
                  <info>mj imagine "a lighthouse at dusk --ar 3:2 --stylize 250"</info>   the same, parameters within the prompt
                  <info>mj imagine a cat --image photo.jpg --download pictures --open</info>
                  <info>mj imagine "a {red, blue} bird" --no-wait</info>                  prints the id of the group

                Parameters of Midjourney that are no options here belong into the prompt, within its quotes.
                HELP);
    }

    protected function submit(Client $client, InputInterface $input, array $options): Task
    {
        $prompt = implode(' ', self::arguments($input, 'prompt'));
        $own = Options::prompt($input);
        [$switch, $mode] = [$own['mode'] ?? null, $options['mode'] ?? null];
        if (is_string($switch) && is_string($mode) && $switch !== $mode) {
            throw Refusal::usage("--$switch and --mode=$mode contradict each other");
        }

        return $client->imagine($prompt, $options + $own);
    }
}
