<?php

declare(strict_types=1);

namespace Mj\Webman;

use Mj\Framework\Application;
use Mj\Framework\Imagine;
use Mj\Symfony\Command;
use Symfony\Component\Console\Attribute\AsCommand;

/** `php webman mj:imagine "a cat --ar 3:2"`: draws, shows each change, says where the pictures are. */
#[AsCommand(name: Imagine::NAME, description: Imagine::DESCRIPTION)]
final class ImagineCommand extends Command
{
    /** For webman/console 1, which knows no attribute. */
    protected static $defaultName = Imagine::NAME;

    protected static $defaultDescription = Imagine::DESCRIPTION;

    public function __construct()
    {
        parent::__construct(Imagine::class, static fn(): Application => Mj::application());
    }
}
