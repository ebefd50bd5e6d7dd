<?php

declare(strict_types=1);

namespace Mj\Webman;

use Mj\Framework\Application;
use Mj\Framework\Doctor;
use Mj\Symfony\Command;
use Symfony\Component\Console\Attribute\AsCommand;

/** `php webman mj:doctor`: what is wrong, and what to do. */
#[AsCommand(name: Doctor::NAME, description: Doctor::DESCRIPTION)]
final class DoctorCommand extends Command
{
    /** For webman/console 1, which knows no attribute. */
    protected static $defaultName = Doctor::NAME;

    protected static $defaultDescription = Doctor::DESCRIPTION;

    public function __construct()
    {
        parent::__construct(Doctor::class, static fn(): Application => Mj::application());
    }
}
