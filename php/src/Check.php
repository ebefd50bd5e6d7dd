<?php

declare(strict_types=1);

namespace Mj;

use Mj\Internal\Value;

/**
 * One check of a {@see Report}. docs/doctor.md explains each.
 *
 * @property-read string      $name    stays the same in all versions: `api.tls`, `owner.alive`, …
 * @property-read string      $title   what it looks at, as a heading
 * @property-read CheckStatus $status
 * @property-read string      $seen    what was seen
 * @property-read string|null $todo    what to do; null where there is nothing to do
 * @property-read string|null $because the check to see to first, where this one was skipped
 */
final class Check extends Value
{
    /** @param MjCheck $record */
    public function __construct(private array $record) {}

    /** Whether nothing can work before somebody has seen to it. */
    public function failed(): bool
    {
        return $this->record['status'] === CheckStatus::FAILED;
    }

    public function toArray(): array
    {
        return $this->record;
    }

    protected function typed(string $name): mixed
    {
        return $name === 'status' ? CheckStatus::of($this->record['status']) : null;
    }
}
