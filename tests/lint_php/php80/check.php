<?php

// Runs within PHP 8.0: see check.mjs.

declare(strict_types=1);

use Mj\Testing\FakeMidjourney;
use Mj\Testing\Internal\Picture;
use Mj\Testing\Outcome;
use Mj\Tests\Simulator\Client\Contract;

set_error_handler(static function (int $level, string $message, string $file, int $line): bool {
    throw new ErrorException($message, 0, $level, $file, $line);
});

$root = dirname(__DIR__, 3);
require "$root/php/autoload.php";
require "$root/tests/phpunit/Client/Contract.php";
require "$root/tests/thinkphp/think.php";

// What Composer's packages would have.
eval('namespace Psr\EventDispatcher; interface EventDispatcherInterface { public function dispatch(object $event); }');

spl_autoload_register(static function (string $class) use ($root): void {
    $file = "$root/" . str_replace('\\', '/', $class) . '.php';
    if (str_starts_with($class, 'Symfony\\') && is_file($file)) {
        require $file;
    }
});
$without = is_dir("$root/Symfony/Component/Console") ? '~^$~' : '~/src/Console/~';

$files = $classes = 0;
foreach (new RecursiveIteratorIterator(new RecursiveDirectoryIterator("$root/php", FilesystemIterator::SKIP_DOTS)) as $file) {
    try {
        token_get_all((string) file_get_contents((string) $file), TOKEN_PARSE);
    } catch (ParseError $error) {
        echo "$file:{$error->getLine()}: {$error->getMessage()}\n";
        exit(1);
    }
    ++$files;
    if (preg_match($without, (string) $file) === 0 && preg_match('~/php/(?:src/|polyfill/|(?=(?:ChatMoney|ThinkPHP)/)(?!ThinkPHP/config))(.+)\.php$~', (string) $file, $found) === 1) {
        $class = 'Mj\\' . str_replace('/', '\\', $found[1]);
        if (!class_exists($class) && !interface_exists($class)) {
            echo "$file: there is no $class\n";
            exit(1);
        }
        ++$classes;
    }
}

$pictures = ['/tmp/1.png', '/tmp/2.png'];
foreach ($pictures as $picture) {
    file_put_contents($picture, Picture::PNG);
}
$scenarios = [
    'lifeOfATask' => [], 'buttons' => [], 'texts' => [$pictures], 'groups' => [], 'failure' => [], 'stuck' => [], 'reading' => [],
    'feed' => [], 'operating' => [], 'pictures' => ['/tmp'], 'refusals' => [],
];
foreach ($scenarios as $scenario => $arguments) {
    $outcome = ['failure' => Outcome::failure('BANNED_PROMPT'), 'stuck' => Outcome::stuck()][$scenario] ?? Outcome::success();
    Contract::$scenario((new FakeMidjourney())->will($outcome), ...$arguments);
}

printf("PHP %s: %d files, %d classes, %d scenarios: ok\n", PHP_VERSION, $files, $classes, count($scenarios));
