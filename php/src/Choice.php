<?php

declare(strict_types=1);

namespace Mj;

use Mj\Internal\Value;

/**
 * An entry of a menu: what `$mj->action($task, $button, ['values' => $choice->value])` chooses.
 *
 * @property-read string $value
 * @property-read string $label
 * @property-read bool   $selected
 */
final class Choice extends Value
{
    /** @param array{value: string, label: string, selected: bool} $record */
    public function __construct(private array $record) {}

    public function toArray(): array
    {
        return $this->record;
    }
}
