<?php

/** The process that stays as the owner of the hub, and tells the listeners of config/event.php what changed. */

declare(strict_types=1);

return [
    'hub' => [
        'handler' => Mj\Webman\HubProcess::class,
        'count' => 1,
    ],
];
