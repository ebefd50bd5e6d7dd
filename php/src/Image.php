<?php

declare(strict_types=1);

namespace Mj;

use Mj\Internal\Value;

/**
 * A picture or video of a finished task.
 *
 * @property-read string                  $url         with the image domain
 * @property-read int|null                $width       pixels
 * @property-read int|null                $height      pixels
 * @property-read int                     $size        bytes
 * @property-read string|null             $contentType
 * @property-read \DateTimeImmutable|null $expiresAt   when Discord stops to serve `url`; `download()` gets a fresh one
 * @property-read string|null             $file        where `mj.archive` keeps it
 */
final class Image extends Value implements \Stringable
{
    /** @param MjImage $record */
    public function __construct(private array $record) {}

    public function __toString(): string
    {
        return $this->record['url'];
    }

    public function toArray(): array
    {
        return $this->record;
    }

    protected function typed(string $name): mixed
    {
        return $name === 'expiresAt' ? self::time($this->record['expires_at']) : null;
    }
}
