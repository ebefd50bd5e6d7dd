<?php

/**
 * Loads the classes of this package where there is no Composer: `require '/path/to/php/autoload.php';`
 *
 * `polyfill/` has the exceptions of the extension, for machines that lack it; where it is loaded, they are its own.
 */

declare(strict_types=1);

spl_autoload_register(static function (string $class): void {
    if (!str_starts_with($class, 'Mj\\')) {
        return;
    }
    $path = str_replace('\\', '/', substr($class, strlen('Mj\\'))) . '.php';
    foreach (['src', 'polyfill', '.'] as $directory) {
        if (is_file(__DIR__ . "/$directory/$path")) {
            require __DIR__ . "/$directory/$path";

            return;
        }
    }
});
