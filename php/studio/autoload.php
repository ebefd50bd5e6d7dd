<?php

/** Loads the classes of the studio, and those of the client, where there is no Composer. */

declare(strict_types=1);

require_once __DIR__ . '/../autoload.php';

spl_autoload_register(static function (string $class): void {
    $file = __DIR__ . '/src/' . str_replace('\\', '/', substr($class, strlen('Mj\\Studio\\'))) . '.php';
    if (str_starts_with($class, 'Mj\\Studio\\') && is_file($file)) {
        require $file;
    }
});
