<?php

// What php-fpm serves for tests/chatmoney: a method of the site, or a function of the extension, with its answer as JSON.

declare(strict_types=1);

require getenv('MJ_ROOT') . '/tests/phpunit/bootstrap.php';

try {
    $call = json_decode((string) file_get_contents('php://input'), true, 64, JSON_THROW_ON_ERROR);
    $site = Mj\Tests\ChatMoney\Site::ofEnvironment();
    $result = match ($call['function']) {
        'imagine' => $site->driver()->imagine(...$call['arguments']),
        'status' => $site->driver()->look([]) + mj_status(),
        default => $site->{$call['function']}(...$call['arguments']),
    };
    $answer = ['result' => $result];
} catch (Throwable $thrown) {
    $answer = ['exception' => $thrown::class, 'message' => $thrown->getMessage()];
}
header('Content-Type: application/json');
echo json_encode($answer, JSON_THROW_ON_ERROR | JSON_INVALID_UTF8_SUBSTITUTE);
