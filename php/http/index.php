<?php

// The relay's front controller: every address leads here. README.md beside it says how.
//
//     MJ_RELAY_SECRET=… PHP_CLI_SERVER_WORKERS=4 php -d extension=/path/to/mj.so -d display_errors=0 \
//         -d post_max_size=32M -S 127.0.0.1:8080 php/http/index.php

declare(strict_types=1);

use Mj\Http\Relay;
use Mj\Http\Request;
use Mj\Http\Response;
use Mj\Http\Settings;
use Mj\Midjourney;

ini_set('display_errors', '0');
foreach ([__DIR__ . '/../vendor/autoload.php', __DIR__ . '/../../../autoload.php', __DIR__ . '/../autoload.php'] as $autoload) {
    if (is_file($autoload)) {
        require_once $autoload;
        break;
    }
}

try {
    $relay = new Relay(new Midjourney(), Settings::fromEnvironment());
} catch (Mj\MjException $error) {
    error_log('mj relay: ' . $error->getMessage());
    $answer = ['code' => 9, 'description' => 'the service is not available', 'result' => null, 'properties' => new stdClass()];
    Response::json($answer, 503)->send();

    return;
}
$relay->handle(Request::fromGlobals())->send();
