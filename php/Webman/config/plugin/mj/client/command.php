<?php

/** For webman/console: `php webman mj:imagine "a cat"`. */

declare(strict_types=1);

return [
    Mj\Webman\ImagineCommand::class,
    Mj\Webman\SyncCommand::class,
    Mj\Webman\DoctorCommand::class,
    Mj\Webman\ServeCommand::class,
];
