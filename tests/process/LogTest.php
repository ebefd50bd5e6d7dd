<?php

declare(strict_types=1);

namespace Mj\Tests\Process;

use PHPUnit\Framework\TestCase;

/** `mj.log = php` under a real php-fpm: what the engine says stands where PHP's own errors stand. */
final class LogTest extends TestCase
{
    public function testItIsPhpsOwnLogFile(): void
    {
        $log = sys_get_temp_dir() . '/mj-php-' . bin2hex(random_bytes(4)) . '.log';
        touch($log);
        chmod($log, 0666);
        $fpm = $this->fpm(['error_log' => $log], $simulator, $state);
        $fpm->call('mj_imagine', 'a boat');
        Until::true(static fn () => str_contains((string) file_get_contents($log), 'a task ended'), 20.0, static fn () => (string) file_get_contents($log));
        self::assertMatchesRegularExpression('/^\[\d\d-[A-Z][a-z]{2}-\d{4} \d\d:\d\d:\d\d UTC\] mj: INFO this process owns the hub /m', file_get_contents($log));
        unlink($log);
    }

    public function testItIsTheMastersLogWithoutOne(): void
    {
        $fpm = $this->fpm([], $simulator, $state);
        $fpm->call('mj_imagine', 'a boat');
        Until::true(static fn () => str_contains($fpm->log(), 'a task ended'), 20.0, static fn () => $fpm->log());
        self::assertMatchesRegularExpression('/mj: \S+ \d+ INFO this process owns the hub /', $fpm->log());
    }

    /** @param array<string, string> $ini */
    private function fpm(array $ini, ?Simulator &$simulator, ?StateDirectory &$state): Fpm
    {
        $simulator = new Simulator(['--speed', '50']);
        $state = new StateDirectory();
        $settings = ['gateway' => 'user', 'log' => 'php', 'log_level' => 'info', 'state_dir' => $state->path];

        return new Fpm($ini + $simulator->ini($settings), 3);
    }
}
