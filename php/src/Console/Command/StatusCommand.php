<?php

declare(strict_types=1);

namespace Mj\Console\Command;

use Mj\Console\ExitCode;
use Mj\Console\Text;
use Symfony\Component\Console\Input\InputInterface;
use Symfony\Component\Console\Output\OutputInterface;

/** `mj status`: owner, gateway, queue and accounts. */
final class StatusCommand extends BaseCommand
{
    protected function configure(): void
    {
        parent::configure();
        $this->setName('status')->setDescription('Show owner, gateway, queue and accounts');
    }

    protected function execute(InputInterface $input, OutputInterface $output): int
    {
        $status = $this->client()->status();
        if (self::isJson($input)) {
            self::json($output, $status);
        } else {
            foreach ([...$this->hub($status), ...$this->work($status)] as [$name, $value]) {
                $output->writeln('<info>' . str_pad($name, 9) . '</info> ' . Text::line($value));
            }
        }

        return ExitCode::DONE;
    }

    /**
     * @param MjStatus $status
     *
     * @return list<array{string, string}>
     */
    private function hub(array $status): array
    {
        $lines = [['version', $status['version']], ['state', $status['state_dir']], ['hub', $status['hub'] ?? 'none: no account and channel are set']];
        $owner = $status['owner'];
        $lines[] = ['owner', match (true) {
            $owner === null => 'none yet',
            $owner['alive'] => "process {$owner['pid']}, {$owner['grade']}, for " . Text::seconds(max(0, microtime(true) - $owner['since'] / 1000)),
            default => "process {$owner['pid']} is gone; the next task finds another",
        }];
        foreach (['bot', 'user'] as $kind) {
            $gateway = $status['gateway'][$kind] ?? null;
            // What an owner that is gone held open is closed.
            $isTrue = ($owner['alive'] ?? false) || ($gateway['state'] ?? '') === 'dead';
            if ($gateway !== null && $gateway['state'] !== 'off' && $isTrue) {
                $lines[] = ['gateway', "$kind {$gateway['state']}" . ($gateway['close_code'] === null ? '' : ", close code {$gateway['close_code']}")];
            }
        }
        foreach ($status['network'] ?? [] as $host => $seen) {
            if ($seen['state'] === 'failing') {
                $lines[] = ['network', "$host fails, {$seen['times']} times: {$seen['reason']}"];
            }
        }

        return $lines;
    }

    /**
     * @param MjStatus $status
     *
     * @return list<array{string, string}>
     */
    private function work(array $status): array
    {
        $lines = [];
        if ($status['queue'] !== null) {
            $queue = $status['queue'];
            $lines[] = ['queue', "{$queue['NOT_START']} wait, " . ($queue['SUBMITTED'] + $queue['MODAL'] + $queue['IN_PROGRESS']) . ' run; '
                . "{$queue['SUCCESS']} done, {$queue['FAILURE']} failed, {$queue['CANCEL']} cancelled"];
        }
        foreach ($status['accounts'] as $account) {
            $why = $account['reason'] ?? $account['code'];
            $lines[] = ['account', "{$account['name']}: {$account['state']}, {$account['running']} run" . ($why === null ? '' : "; $why")];
        }
        if ($status['webhooks'] !== null && array_sum($status['webhooks']) > 0) {
            $lines[] = ['webhooks', "{$status['webhooks']['pending']} wait, {$status['webhooks']['failed']} given up"];
        }
        foreach ($status['incidents'] as $incident) {
            $lines[] = ['incident', $incident];
        }

        return $lines;
    }
}
