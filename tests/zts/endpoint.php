<?php

// What the tests' Apache serves: calls the named mj_* function, or one of the few helpers below, and answers JSON.

declare(strict_types=1);

$helpers = [
    // The process and the thread that serve this.
    'where' => static fn (): array => explode('/task/', readlink('/proc/thread-self')),
    'ini' => static fn (string $name): string|false => ini_get($name),
    'configured' => static function (array $config, string $function, mixed ...$arguments) use (&$helpers): mixed {
        mj_configure($config);

        return ($helpers[$function] ?? $function)(...$arguments);
    },
    // When something was over, for callers that wait side by side.
    'timed' => static function (string $function, mixed ...$arguments): array {
        $began = microtime(true);
        $result = $function(...$arguments);

        return ['began' => $began, 'ended' => microtime(true), 'result' => $result];
    },
    // A script that works in a directory of its own; in a threaded PHP that is the thread's, not the process's.
    'in_directory' => static function (string $directory, string $function, mixed ...$arguments): mixed {
        chdir($directory);

        return $function(...$arguments);
    },
    // What a stack trace shows of the configuration.
    'trace' => static function (array $config): string {
        try {
            mj_configure($config);
        } catch (Throwable $thrown) {
            return print_r($thrown->getTrace(), true);
        }

        return 'nothing was thrown';
    },
    // Forks as a script with pcntl would, lets the child submit, and tells whether it ended in time.
    'fork_and_imagine' => static function (string $prompt, float $seconds): ?string {
        $file = tempnam(sys_get_temp_dir(), 'mj-fork-');
        $child = pcntl_fork();
        if ($child === 0) {
            try {
                $said = mj_imagine($prompt);
                mj_poll($said);
            } catch (Throwable $thrown) {
                $said = $thrown->getMessage();
            }
            file_put_contents($file, $said);
            // The child of a server must not shut the server down.
            posix_kill(getmypid(), SIGKILL);
        }
        $until = microtime(true) + $seconds;
        do {
            $ended = pcntl_waitpid($child, $status, WNOHANG) !== 0;
            usleep(2_000);
        } while (!$ended && microtime(true) < $until);
        if (!$ended) {
            posix_kill($child, SIGKILL);
            pcntl_waitpid($child, $status);
        }
        $said = (string) file_get_contents($file);
        unlink($file);

        return $ended ? $said : null;
    },
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
