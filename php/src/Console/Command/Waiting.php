<?php

declare(strict_types=1);

namespace Mj\Console\Command;

use Mj\Client;
use Mj\Console\Display\Display;
use Mj\Console\Display\Json;
use Mj\Console\Display\Lines;
use Mj\Console\Display\Live;
use Mj\Console\Following;
use Mj\Console\Interruption;
use Mj\Console\Options;
use Mj\Console\Preview;
use Mj\Console\Refusal;
use Mj\Console\Terminal;
use Mj\Task;
use Symfony\Component\Console\Input\InputInterface;
use Symfony\Component\Console\Output\OutputInterface;

/** A command that waits for a task, shows it and saves its pictures. */
abstract class Waiting extends BaseCommand
{
    /** @throws Refusal where an option for the waiting cannot be used */
    protected function check(InputInterface $input): void
    {
        Options::seconds($input, 'timeout');
        $pictures = (string) Options::text($input, 'pictures');
        if (!in_array($pictures, Terminal::PICTURES, true)) {
            throw Refusal::usage('--pictures must be one of ' . implode(', ', Terminal::PICTURES));
        }
        $directory = Options::text($input, 'download');
        if ($directory !== null && !is_dir($directory) && !@mkdir($directory, 0777, true)) {
            throw Refusal::usage("--download: the directory $directory cannot be made");
        }
        if ($directory !== null && !is_writable($directory)) {
            throw Refusal::usage("--download: the directory $directory cannot be written");
        }
    }

    /** @param \Closure(Client): Task $begin gives the task; a signal that comes meanwhile waits until its id is shown */
    protected function follow(InputInterface $input, OutputInterface $output, \Closure $begin): int
    {
        $client = $this->client();
        $display = $this->display($input, $output, $client);
        $interruption = Interruption::heard([$this->console->terminal(), 'resize']);
        // Who watches stays: its session is opened before anything is sent, and sees what only that one is shown.
        $watch = $client->watch();
        try {
            $task = $begin($client);
            $display->begin($task);

            return (new Following($client, $display, $interruption, $this->console->opener()))->follow(
                $task,
                Options::seconds($input, 'timeout'),
                Options::text($input, 'download'),
                $input->getOption('open') === true,
            );
        } finally {
            $interruption->end();
            $watch->close();
            if ($display instanceof Json) {
                $display->close();
            }
        }
    }

    private function display(InputInterface $input, OutputInterface $output, Client $client): Display
    {
        if (self::isJson($input)) {
            return new Json($output, $this instanceof Submission);
        }
        $terminal = $this->console->terminal();
        if (!$terminal->isLive($output)) {
            return new Lines($output, $terminal->width());
        }
        $protocol = $terminal->protocol($output, (string) Options::text($input, 'pictures'));
        $box = $protocol === null ? null : $terminal->box();

        return new Live($output, $terminal, new Preview($client), $protocol, $box);
    }
}
