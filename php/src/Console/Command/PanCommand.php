<?php

declare(strict_types=1);

namespace Mj\Console\Command;

use Mj\Button;

/** `mj pan ID left`. */
final class PanCommand extends Press
{
    protected function configure(): void
    {
        parent::configure();
        $this->setName('pan')
            ->setDescription('Draw on beyond an edge of a picture');
    }

    protected static function choices(): array
    {
        return ['left' => Button::PAN_LEFT, 'right' => Button::PAN_RIGHT, 'up' => Button::PAN_UP, 'down' => Button::PAN_DOWN];
    }

    protected static function usual(): ?string
    {
        return null;
    }
}
