<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

use Mj\Tests\Process\Simulator;
use PHPUnit\Framework\TestCase;

/** Breaks one thing and sees that `mj_doctor()` names exactly that one. */
abstract class ExaminedTestCase extends TestCase
{
    /** @var list<object> what runs until the end of a test */
    private static array $running = [];

    protected function tearDown(): void
    {
        self::$running = [];
    }

    /**
     * Keeps something until the end of the test.
     *
     * @template T of object
     *
     * @param  T $thing
     * @return T
     */
    final protected static function running(object $thing): object
    {
        self::$running[] = $thing;

        return $thing;
    }

    /**
     * One check has this status, its sentences hold these words in each language, and nothing else is wrong but what
     * hangs on it.
     *
     * @param list<string> $en
     * @param list<string> $zh
     */
    final protected static function assertFound(Examination $found, string $check, string $status, array $en, array $zh): void
    {
        self::assertSame([$check => $status], $found->troubles(), $found->told());
        $hindered = array_unique(array_values($found->hindered()));
        self::assertSame([], array_diff($hindered, [$check]), $found->told());
        foreach (['en' => $en, 'zh' => $zh] as $lang => $words) {
            foreach ($words as $word) {
                self::assertStringContainsString($word, $found->words($check, $lang));
            }
        }
        [$seen, $todo] = explode(' -> ', $found->words($check), 2);
        self::assertNotSame('', $todo);
        self::assertMatchesRegularExpression('/^[\x20-\x7E…]+$/u', $seen . $todo, 'English only');
        self::assertMatchesRegularExpression('/\p{Han}/u', $found->words($check, 'zh'));
    }

    /**
     * Nothing is wrong.
     *
     * @param list<string> $skipped what needs not be looked at
     */
    final protected static function assertHealthy(Examination $found, array $skipped = []): void
    {
        self::assertSame([], $found->troubles(), $found->told());
        self::assertSame([], $found->hindered(), $found->told());
        foreach ($skipped as $check) {
            self::assertSame('skipped', $found->status($check));
        }
    }

    /**
     * A configuration with which all is well, as far as the simulator goes.
     *
     * @param  array<string, mixed> $more
     * @return array<string, mixed>
     */
    final protected static function config(Simulator $simulator, array $more = []): array
    {
        return $simulator->config($more + ['gateway_resume_url' => $simulator->says['gateway_url'] . '/{host}']);
    }

    /** @param array<string, mixed> $conduct */
    final protected static function simulator(array $conduct = [], string ...$options): Simulator
    {
        return self::running(new Simulator(['--speed', '200', '--config', json_encode((object) $conduct, JSON_THROW_ON_ERROR), ...$options]));
    }
}
