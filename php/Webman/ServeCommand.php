<?php

declare(strict_types=1);

namespace Mj\Webman;

use Mj\Framework\Application;
use Mj\Framework\Serve;
use Mj\Symfony\Command;
use Symfony\Component\Console\Attribute\AsCommand;

/** `php webman mj:serve`: a process that stays as the owner, where neither Webman nor PHP-FPM runs. */
#[AsCommand(name: Serve::NAME, description: Serve::DESCRIPTION)]
final class ServeCommand extends Command
{
    /** For webman/console 1, which knows no attribute. */
    protected static $defaultName = Serve::NAME;

    protected static $defaultDescription = Serve::DESCRIPTION;

    public function __construct()
    {
        parent::__construct(Serve::class, static fn(): Application => Mj::application());
    }
}
