<?php

declare(strict_types=1);

/**
 * Finds the classes of the suites: Mj\Tests\Process in tests/process, Mj\Tests\Chaos in tests/chaos,
 * Mj\Tests\ChatMoney in tests/chatmoney, Mj\Tests\Console in tests/console, Mj\Tests\Faults in tests/faults,
 * Mj\Tests\Frameworks in tests/frameworks, Mj\Tests\Install in tests/install, Mj\Tests\Laravel in tests/laravel,
 * Mj\Tests\Relay in tests/relay, Mj\Tests\Studio in tests/studio, Mj\Tests\Symfony in tests/symfony,
 * Mj\Tests\ThinkPHP in tests/thinkphp, Mj\Tests\Webman in tests/webman, Mj\Tests\Zts in tests/zts, Mj\Tests\Simulator here.
 */
spl_autoload_register(static function (string $class): void {
    $places = [
        'Mj\\Tests\\Process\\' => __DIR__ . '/../process/',
        'Mj\\Tests\\Chaos\\' => __DIR__ . '/../chaos/',
        'Mj\\Tests\\ChatMoney\\' => __DIR__ . '/../chatmoney/',
        'Mj\\Tests\\Console\\' => __DIR__ . '/../console/',
        'Mj\\Tests\\Faults\\' => __DIR__ . '/../faults/',
        'Mj\\Tests\\Frameworks\\' => __DIR__ . '/../frameworks/',
        'Mj\\Tests\\Install\\' => __DIR__ . '/../install/',
        'Mj\\Tests\\Laravel\\' => __DIR__ . '/../laravel/',
        'Mj\\Tests\\Relay\\' => __DIR__ . '/../relay/',
        'Mj\\Tests\\Symfony\\' => __DIR__ . '/../symfony/',
        'Mj\\Tests\\ThinkPHP\\' => __DIR__ . '/../thinkphp/',
        'Mj\\Tests\\Webman\\' => __DIR__ . '/../webman/',
        'Mj\\Tests\\Zts\\' => __DIR__ . '/../zts/',
        'Mj\\Tests\\Studio\\' => __DIR__ . '/../studio/',
        'Mj\\Tests\\Simulator\\' => __DIR__ . '/',
    ];
    foreach ($places as $prefix => $directory) {
        $file = $directory . str_replace('\\', '/', substr($class, strlen($prefix))) . '.php';
        if (str_starts_with($class, $prefix) && is_file($file)) {
            require $file;
        }
    }
});

require __DIR__ . '/../../php/autoload.php';
foreach (['Psr/Log', 'Psr/EventDispatcher'] as $package) {
    if (stream_resolve_include_path("$package/autoload.php") !== false) {
        require_once "$package/autoload.php";
    }
}
