<?php

declare(strict_types=1);

namespace Mj\Console\Command;

use Mj\Button;

/** `mj reroll ID`. */
final class RerollCommand extends Press
{
    protected function configure(): void
    {
        parent::configure();
        $this->setName('reroll')
            ->setDescription('Draw the same prompt again');
    }

    protected static function choices(): array
    {
        return [];
    }

    protected static function usual(): string
    {
        return Button::REROLL;
    }
}
