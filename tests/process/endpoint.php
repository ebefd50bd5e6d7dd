<?php

// What the tests' php-fpm serves: calls the named mj_* function, or one of the few helpers below, and answers JSON.

declare(strict_types=1);

$helpers = [
    'pid' => static fn (): int => getmypid(),
    'ini' => static fn (string $name): string|false => ini_get($name),
    'environment' => static fn (string $name): string|false => getenv($name),
    'configured' => static function (array $config, string $function, mixed ...$arguments) use (&$helpers): mixed {
        mj_configure($config);

        return ($helpers[$function] ?? $function)(...$arguments);
    },
    'tried' => static function (string $function, mixed ...$arguments) use (&$helpers): array {
        try {
            return ['result' => ($helpers[$function] ?? $function)(...$arguments)];
        } catch (Throwable $thrown) {
            return ['exception' => $thrown::class, 'message' => $thrown->getMessage()];
        }
    },
    // Calls a function while the process has no descriptor left.
    'starved' => static function (string $function, mixed ...$arguments) use (&$helpers): array {
        $taken = [];
        while (($one = @fopen('/dev/null', 'r')) !== false) {
            $taken[] = $one;
        }

        return $helpers['tried']($function, ...$arguments);
    },
    'md5_all' => static fn (string $pattern): array => array_map('md5_file', array_filter(glob($pattern), 'is_file')),
    // Opens, reads and closes every SQLite database of a directory with PDO, as a curious site would.
    'pdo_read' => static function (string $directory): array {
        $names = [];
        foreach (glob("$directory/*") as $path) {
            if (is_file($path) && file_get_contents($path, false, null, 0, 15) === 'SQLite format 3') {
                $names = array_merge($names, (new PDO('sqlite:' . $path))->query('SELECT name FROM sqlite_master')->fetchAll(PDO::FETCH_COLUMN));
            }
        }

        return $names;
    },
    'threads' => static fn (): int => count((array) scandir('/proc/self/task')) - 2,
    // Waits at a stream for a change of its own making; tells whether it came, and how many threads there are.
    'watched' => static function (string $prompt) use (&$helpers): array {
        $stream = mj_watch();
        fread($stream, 1);
        mj_imagine($prompt);
        $read = [$stream];
        $write = $except = null;
        $count = stream_select($read, $write, $except, 20);

        // The request's end closes it.
        return [$count, fread($stream, 1), $helpers['threads']()];
    },
    'memory' => static fn (): string => (string) file_get_contents('/proc/self/smaps_rollup'),
];

try {
    $call = json_decode((string) file_get_contents('php://input'), true, 512, JSON_THROW_ON_ERROR);
    $function = $helpers[$call['function']] ?? $call['function'];
    if (is_string($function) && !str_starts_with($function, 'mj_')) {
        throw new ValueError("not a function of this endpoint: $function");
    }
    $answer = ['result' => $function(...$call['arguments'])];
} catch (Throwable $thrown) {
    $answer = ['exception' => $thrown::class, 'message' => $thrown->getMessage()];
}
header('Content-Type: application/json');
echo json_encode($answer, JSON_INVALID_UTF8_SUBSTITUTE | JSON_PRESERVE_ZERO_FRACTION);
