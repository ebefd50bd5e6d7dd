<?php

declare(strict_types=1);

namespace Mj\Studio;

use Mj\Client;

/** Accounts, queue and connections, and the doctor. */
final class Health
{
    public function __construct(private Client $mj) {}

    /** @return array<string, mixed> what concerns a person, of `mj_status()` */
    public function status(): array
    {
        $status = $this->mj->status();
        $connections = [];
        $gateway = $status['gateway'] ?? null;
        foreach (['bot', 'user'] as $who) {
            $connections[$who] = $gateway === null ? 'off' : $gateway[$who]['state'];
        }

        return [
            'version' => $status['version'],
            'configured' => ($status['hub'] ?? null) !== null,
            'owner' => $status['owner']['alive'] ?? false,
            'connections' => $connections,
            'network' => $status['network'] ?? null,
            'queue' => $status['queue'] ?? null,
            'accounts' => array_map(
                static fn(array $account): array => array_intersect_key($account, array_flip(['name', 'state', 'code', 'reason', 'until', 'enabled', 'running'])),
                $status['accounts'],
            ),
        ];
    }

    /**
     * The doctor's report.
     *
     * @param 'en'|'zh' $language
     *
     * @return array<mixed>
     */
    public function doctor(string $language): array
    {
        if (!function_exists('mj_doctor')) {
            throw new Refusal(501, 'no_doctor', 'This version of the extension has no doctor');
        }
        $report = mj_doctor(['lang' => $language, 'timeout' => 8]);

        return is_array($report) ? $report : throw new Refusal(501, 'no_doctor', 'The doctor gave no list');
    }
}
