<?php

declare(strict_types=1);

namespace Mj\Console\Command;

use Mj\Button;

/** `mj upscale ID 2` for a grid, `mj upscale ID subtle` for a single picture. */
final class UpscaleCommand extends Press
{
    protected function configure(): void
    {
        parent::configure();
        $this->setName('upscale')
            ->setDescription('Upscale a picture: one of a grid, or one by itself');
    }

    protected static function choices(): array
    {
        return [
            '1' => 'upscale1', '2' => 'upscale2', '3' => 'upscale3', '4' => 'upscale4',
            'subtle' => Button::UPSCALE_SUBTLE, 'creative' => Button::UPSCALE_CREATIVE,
            '2x' => Button::UPSCALE_2X, '4x' => Button::UPSCALE_4X,
            'redo-subtle' => Button::REDO_UPSCALE_SUBTLE, 'redo-creative' => Button::REDO_UPSCALE_CREATIVE,
        ];
    }

    protected static function usual(): ?string
    {
        return null;
    }
}
