<?php

declare(strict_types=1);

namespace Mj\Console\Command;

use Mj\Client;
use Mj\Task;
use Symfony\Component\Console\Input\InputArgument;
use Symfony\Component\Console\Input\InputInterface;
use Symfony\Component\Console\Input\InputOption;

/** `mj describe photo.jpg`. */
final class DescribeCommand extends Submission
{
    protected function configure(): void
    {
        parent::configure();
        $this->setName('describe')
            ->setDescription('Ask for prompts that fit a picture')
            ->addArgument('image', InputArgument::REQUIRED, 'file or address')
            ->addOption('upload', null, InputOption::VALUE_NONE, 'upload the picture of an address, so that Midjourney gets no link');
    }

    protected function submit(Client $client, InputInterface $input, array $options): Task
    {
        return $client->describe(self::argument($input, 'image'), $options + array_filter(['upload' => $input->getOption('upload') === true]));
    }
}
