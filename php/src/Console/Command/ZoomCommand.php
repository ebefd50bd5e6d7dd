<?php

declare(strict_types=1);

namespace Mj\Console\Command;

use Mj\Button;

/** `mj zoom ID`, `mj zoom ID 1.5`, `mj zoom ID custom --prompt "… --zoom 1.8"`. */
final class ZoomCommand extends Press
{
    protected function configure(): void
    {
        parent::configure();
        $this->setName('zoom')
            ->setDescription('Zoom out of a picture');
    }

    protected static function choices(): array
    {
        return [
            '2' => Button::ZOOM_OUT_2X, '1.5' => Button::ZOOM_OUT_1_5X, 'custom' => Button::CUSTOM_ZOOM, 'square' => Button::MAKE_SQUARE,
        ];
    }

    protected static function usual(): string
    {
        return Button::ZOOM_OUT_2X;
    }
}
