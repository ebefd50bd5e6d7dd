<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

use PHPUnit\Framework\TestCase;

/** Breaks one thing of this machine and sees that `mj_doctor()` names exactly that one. */
abstract class DiagnosedTestCase extends TestCase
{
    /**
     * One check has this status and says these words in English and Chinese; what else is not looked at hangs on it.
     *
     * @param list<string> $en
     * @param list<string> $zh
     */
    final protected static function assertFound(Diagnosis $found, string $check, string $status, array $en, array $zh): void
    {
        self::assertSame([$check => $status], $found->troubles(), $found->told());
        self::assertSame([], array_diff(array_unique(array_values($found->hindered())), [$check]), $found->told());
        self::assertSame($status !== 'failed', $found->reports['en']['ok']);
        foreach (['en' => $en, 'zh' => $zh] as $lang => $words) {
            foreach ($words as $word) {
                self::assertStringContainsString($word, $found->words($check, $lang));
            }
        }
        [, $todo] = explode(' -> ', $found->words($check), 2);
        self::assertNotSame('', $todo, 'it says what to do');
        self::assertDoesNotMatchRegularExpression('/\p{Han}/u', $found->words($check));
        self::assertMatchesRegularExpression('/\p{Han}.* -> .*\p{Han}/u', $found->words($check, 'zh'));
    }

    /** Nothing is wrong. */
    final protected static function assertHealthy(Diagnosis $found): void
    {
        self::assertSame([], $found->troubles(), $found->told());
        self::assertSame([], $found->hindered(), $found->told());
        self::assertTrue($found->reports['en']['ok']);
    }
}
