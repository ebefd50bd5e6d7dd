<?php

declare(strict_types=1);

namespace Mj;

use Mj\Internal\Value;

/**
 * What {@see Client::doctor()} found: `foreach ($report as $check)`, in the order in which to see to them.
 *
 * @property-read bool                                                     $ok     false as soon as one check failed
 * @property-read array<'ok'|'warning'|'failed'|'skipped'|'unknown', int>  $counts number of checks by status
 * @property-read list<Check>                                              $checks
 *
 * @implements \IteratorAggregate<int, Check>
 */
final class Report extends Value implements \Countable, \IteratorAggregate
{
    /** @param MjReport $record */
    public function __construct(private array $record) {}

    /** The check of this name; null where it was not asked for. */
    public function check(string $name): ?Check
    {
        foreach ($this->record['checks'] as $check) {
            if ($check['name'] === $name) {
                return new Check($check);
            }
        }

        return null;
    }

    /** @return list<Check> those of one of these statuses */
    public function with(string|CheckStatus ...$statuses): array
    {
        return array_values(array_filter(
            $this->checks(),
            static fn(Check $check): bool => $check->status->is(...array_values($statuses)),
        ));
    }

    public function count(): int
    {
        return count($this->record['checks']);
    }

    /** @return \ArrayIterator<int, Check> */
    public function getIterator(): \ArrayIterator
    {
        return new \ArrayIterator($this->checks());
    }

    public function toArray(): array
    {
        return $this->record;
    }

    protected function typed(string $name): mixed
    {
        return $name === 'checks' ? $this->checks() : null;
    }

    /** @return list<Check> */
    private function checks(): array
    {
        return array_map(static fn(array $check): Check => new Check($check), $this->record['checks']);
    }
}
