<?php

declare(strict_types=1);

namespace Mj\Webman;

use Mj\Framework\Application;
use Mj\Framework\Sync;
use Mj\Symfony\Command;
use Symfony\Component\Console\Attribute\AsCommand;

/** `php webman mj:sync`: tells the listeners what changed, where the process `hub` does not run. */
#[AsCommand(name: Sync::NAME, description: Sync::DESCRIPTION)]
final class SyncCommand extends Command
{
    /** For webman/console 1, which knows no attribute. */
    protected static $defaultName = Sync::NAME;

    protected static $defaultDescription = Sync::DESCRIPTION;

    public function __construct()
    {
        parent::__construct(Sync::class, static fn(): Application => Mj::application());
    }
}
