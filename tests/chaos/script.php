<?php

// What the command-line processes of the chaos run: `script.php MODE`, with `$data` as JSON on standard input.

declare(strict_types=1);

$answer = static function (array $call): string {
    try {
        [$function, $config] = [$call[0], $call[1]];
        mj_configure($config);
        $answer = ['result' => $function(...array_slice($call, 2))];
    } catch (Throwable $thrown) {
        $answer = ['exception' => $thrown::class, 'message' => $thrown->getMessage()];
    }

    return json_encode($answer, JSON_THROW_ON_ERROR | JSON_INVALID_UTF8_SUBSTITUTE) . "\n";
};
$next = static fn (): mixed => json_decode((string) fgets(STDIN), true, 512, JSON_THROW_ON_ERROR);
// Whoever started it closes standard input when it ends.
$isWanted = static function (): bool {
    $read = [STDIN];
    $write = $except = null;

    return stream_select($read, $write, $except, 0) === 0;
};

switch ($argv[1]) {
    case 'once':
        echo $answer($next());
        break;
    case 'loop':
        while (($line = fgets(STDIN)) !== false) {
            echo $answer(json_decode($line, true, 512, JSON_THROW_ON_ERROR));
        }
        break;
    case 'fork':
        // The parent has an engine of its own already when it forks; the child answers, the parent waits for it.
        $call = $next();
        mj_configure($call[1]);
        mj_status();
        $pid = pcntl_fork();
        if ($pid === 0) {
            echo $answer($call);
            exit(0);
        }
        pcntl_waitpid($pid, $status);
        break;
    case 'serve':
        mj_configure($next());
        while ($isWanted()) {
            mj_serve(60.0);
        }
        break;
    case 'wait':
        mj_configure($next());
        while ($isWanted()) {
            $open = mj_tasks(['status' => ['SUBMITTED', 'IN_PROGRESS']], 5)['tasks'] ?? [];
            $open === [] ? usleep(100_000) : mj_wait($open[array_rand($open)]['id'], 5.0);
        }
}
