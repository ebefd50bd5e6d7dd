<?php

declare(strict_types=1);

namespace Mj\Tests\Chaos;

/** A line for each scenario, and the sums when the process ends. */
final class Summary
{
    /** @var array<string, int> */
    private static array $sums = [];

    /** @param array<string, int> $figures */
    public static function add(string $scenario, array $figures, string $more = ''): void
    {
        if (self::$sums === []) {
            register_shutdown_function(static fn () => self::line('all', self::$sums));
        }
        foreach ($figures as $name => $figure) {
            self::$sums[$name] = (self::$sums[$name] ?? 0) + $figure;
        }
        self::line($scenario, $figures, $more);
    }

    /** @param array<string, int> $figures */
    private static function line(string $scenario, array $figures, string $more = ''): void
    {
        $parts = array_map(static fn (string $name, int $figure) => "$figure $name", array_keys($figures), $figures);
        fwrite(STDERR, "\n$scenario: " . implode(', ', $parts) . ($more === '' ? '' : "\n  ($more)") . "\n");
    }
}
