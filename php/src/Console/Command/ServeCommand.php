<?php

declare(strict_types=1);

namespace Mj\Console\Command;

use Mj\Console\ExitCode;
use Mj\Console\Interruption;
use Mj\Console\Options;
use Mj\Console\Refusal;
use Mj\Midjourney;
use Symfony\Component\Console\Input\InputInterface;
use Symfony\Component\Console\Input\InputOption;
use Symfony\Component\Console\Output\OutputInterface;

/** `mj serve`: a process that talks to Discord where no PHP-FPM is there to do it. */
final class ServeCommand extends BaseCommand
{
    /** Seconds between two looks at the gateway. */
    private const SLICE = 2.0;

    protected function configure(): void
    {
        parent::configure();
        $this->setName('serve')
            ->setDescription('Stay and talk to Discord, until Ctrl-C or SIGTERM')
            ->addOption('seconds', null, InputOption::VALUE_REQUIRED, 'how long; for ever without');
    }

    protected function execute(InputInterface $input, OutputInterface $output): int
    {
        $seconds = Options::seconds($input, 'seconds') ?? INF;
        $client = $this->client();
        if (!$client instanceof Midjourney) {
            throw Refusal::failed('only the extension serves');
        }
        $interruption = Interruption::heard();
        try {
            $until = hrtime(true) / 1e9 + $seconds;
            $last = '';
            while (!$interruption->came() && ($left = $until - hrtime(true) / 1e9) > 0) {
                $state = $this->state();
                if ($state !== $last && !self::isJson($input)) {
                    $output->writeln(date('H:i:s') . "  $state");
                }
                $last = $state;
                $client->serve(min($last === 'gateway connecting' ? 0.2 : self::SLICE, $left));
            }
            if (self::isJson($input)) {
                self::json($output, $this->client()->status());
            } else {
                $output->writeln(date('H:i:s') . '  ended');
            }
        } finally {
            $interruption->end();
        }

        // To be ended is what it waits for.
        return ExitCode::DONE;
    }

    /** Who owns the hub, and how its gateway is. */
    private function state(): string
    {
        $status = $this->client()->status();
        $owner = $status['owner'];
        if ($owner === null || !$owner['alive'] || $owner['pid'] !== $status['pid']) {
            return $owner === null || !$owner['alive'] ? 'gateway connecting' : "process {$owner['pid']} is the owner, this one stands by";
        }
        $gateway = $status['gateway'];
        $states = array_filter($gateway === null ? [] : [
            $gateway['bot']['state'] === 'off' ? null : "bot {$gateway['bot']['state']}",
            $gateway['user']['state'] === 'off' ? null : "user {$gateway['user']['state']}",
        ]);

        return $states === [] ? 'gateway connecting' : 'owner, gateway: ' . implode(', ', $states);
    }
}
