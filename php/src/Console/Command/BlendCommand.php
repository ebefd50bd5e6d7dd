<?php

declare(strict_types=1);

namespace Mj\Console\Command;

use Mj\Client;
use Mj\Console\Options;
use Mj\Task;
use Symfony\Component\Console\Input\InputArgument;
use Symfony\Component\Console\Input\InputInterface;
use Symfony\Component\Console\Input\InputOption;

/** `mj blend one.png two.png`. */
final class BlendCommand extends Submission
{
    protected function configure(): void
    {
        parent::configure();
        $this->setName('blend')
            ->setDescription('Blend 2 to 5 pictures into one')
            ->addArgument('images', InputArgument::REQUIRED | InputArgument::IS_ARRAY, 'files or addresses')
            ->addOption('ar', null, InputOption::VALUE_REQUIRED, 'aspect ratio: 2:3, 1:1 or 3:2')
            ->addOption('dimensions', null, InputOption::VALUE_REQUIRED, 'the same: portrait, square or landscape');
    }

    protected function submit(Client $client, InputInterface $input, array $options): Task
    {
        $own = array_filter([
            'aspect' => Options::text($input, 'ar'),
            'dimensions' => Options::text($input, 'dimensions'),
        ], static fn(?string $one): bool => $one !== null);

        return $client->blend(self::arguments($input, 'images'), $options + $own);
    }
}
