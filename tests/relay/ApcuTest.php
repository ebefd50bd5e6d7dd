<?php

declare(strict_types=1);

namespace Mj\Tests\Relay;

use PHPUnit\Framework\TestCase;

/** Where APCu is, rates are counted there, over all workers. */
final class ApcuTest extends TestCase
{
    public function testWorkersCountTogether(): void
    {
        $module = ini_get('extension_dir') . '/apcu.so';
        if (!is_file($module)) {
            self::markTestSkipped('APCu is not installed; `make test-relay` installs it');
        }
        $site = new Site(['RATE' => '12'], [$module]);
        do {
            $minute = intdiv(time(), 60);
            $statuses = [];
            for ($number = 0; $number < 24; ++$number) {
                $statuses[] = $site->ask('/mj/task/list')->status;
            }
        } while (intdiv(time(), 60) !== $minute);
        self::assertSame([12, 12], [count(array_keys($statuses, 200, true)), count(array_keys($statuses, 429, true))]);
        self::assertFalse($site->hasFiles('rate'));
    }
}
