<?php

declare(strict_types=1);

namespace Mj\Tests\Bench;

/** Quantiles of what was measured. */
final class Numbers
{
    /** @param list<float|int> $values */
    public static function quantile(array $values, float $share): float
    {
        if ($values === []) {
            throw new \RuntimeException('nothing was measured');
        }
        sort($values);

        return (float) $values[min(count($values) - 1, (int) (count($values) * $share))];
    }

    /** @param list<float|int> $values */
    public static function median(array $values): float
    {
        return self::quantile($values, 0.5);
    }
}
