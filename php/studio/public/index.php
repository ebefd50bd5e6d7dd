<?php

/** Every request of the studio comes here: `php -S 127.0.0.1:8080 -t php/studio/public php/studio/public/index.php`, or FPM. */

declare(strict_types=1);

use Mj\Client;
use Mj\Midjourney;
use Mj\Studio\Refusal;
use Mj\Studio\Request;
use Mj\Studio\Settings;
use Mj\Studio\Studio;

// A warning before an answer would be part of it.
ini_set('display_errors', '0');
require __DIR__ . '/../autoload.php';

try {
    $studio = new Studio(Settings::fromEnvironment(), static fn(): Client => extension_loaded('mj')
        ? new Midjourney()
        : throw new Refusal(503, 'no_extension', 'PHP has no extension mj: see docs/install.md'));
} catch (ValueError|RuntimeException $wrong) {
    error_log('mj studio: ' . $wrong->getMessage());
    http_response_code(503);
    header('Content-Type: text/plain');
    echo "The studio is not set up: see the log of PHP.\n";

    return;
}
$studio->answer(Request::fromGlobals())->send();
