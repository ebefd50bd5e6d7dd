<?php

declare(strict_types=1);

namespace Mj\Console\Command;

use Mj\Button;
use Mj\Console\Options;
use Symfony\Component\Console\Input\InputInterface;
use Symfony\Component\Console\Input\InputOption;

/** `mj vary ID 2` for a grid; `subtle`, `strong` or `region` for a single picture. */
final class VaryCommand extends Press
{
    protected function configure(): void
    {
        parent::configure();
        $this->setName('vary')
            ->setDescription('Vary a picture: one of a grid, or one by itself')
            ->addOption('mask', null, InputOption::VALUE_REQUIRED, 'of region: PNG of the picture\'s size, white where it may change');
    }

    protected static function choices(): array
    {
        return [
            '1' => 'variation1', '2' => 'variation2', '3' => 'variation3', '4' => 'variation4',
            'subtle' => Button::VARY_SUBTLE, 'strong' => Button::VARY_STRONG, 'region' => Button::VARY_REGION,
        ];
    }

    protected static function usual(): ?string
    {
        return null;
    }

    protected function more(InputInterface $input): array
    {
        $mask = Options::text($input, 'mask');

        return $mask === null ? [] : ['mask' => $mask];
    }
}
