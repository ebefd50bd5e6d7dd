<?php

/**
 * Copies what Mago shall read to a folder, line by line the same, in words that it understands: the names of the
 * extension's arrays (php/phpstan-types.php) replaced by the arrays, and `bin/mj` with the `.php` that it looks for.
 *
 * Usage: php tree.php <folder, which is emptied>
 */

declare(strict_types=1);

$root = dirname(__DIR__, 3);
$tree = $argv[1];

// What is analysed, then what is only known.
const ANALYSED = ['php'];
const KNOWN = ['stubs', 'tests/lint_php/event_loops.php', 'tests/thinkphp/think.php', 'tests/webman/webman.php'];

$shapes = [];
foreach ((require "$root/php/phpstan-types.php")['parameters']['typeAliases'] as $name => $shape) {
    $shapes["~(?<![\\w\\\\$])$name\\b(?! *array\\{)~"] = trim(preg_replace('~\s+~', ' ', $shape));
}

$files = [];
foreach ([...ANALYSED, ...KNOWN] as $path) {
    $files[] = is_file("$root/$path") ? [new SplFileInfo("$root/$path")] : new RecursiveIteratorIterator(
        new RecursiveCallbackFilterIterator(
            new RecursiveDirectoryIterator("$root/$path", FilesystemIterator::SKIP_DOTS),
            static fn (SplFileInfo $file): bool => $file->getFilename() !== 'vendor',
        ),
    );
}

exec('rm -rf ' . escapeshellarg($tree));
foreach ($files as $some) {
    foreach ($some as $file) {
        $path = substr($file->getPathname(), strlen($root) + 1);
        if ($file->getExtension() !== 'php' && $path !== 'php/bin/mj') {
            continue;
        }
        $text = preg_replace_callback('~/\*\*.*?\*/~s', static function (array $comment) use ($shapes): string {
            // Twice: they name each other.
            return preg_replace(array_keys($shapes), $shapes, preg_replace(array_keys($shapes), $shapes, $comment[0]));
        }, file_get_contents($file->getPathname()));
        $copy = "$tree/$path" . ($path === 'php/bin/mj' ? '.php' : '');
        is_dir(dirname($copy)) || mkdir(dirname($copy), 0777, true);
        file_put_contents($copy, $text);
    }
}
