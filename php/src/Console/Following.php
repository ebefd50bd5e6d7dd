<?php

declare(strict_types=1);

namespace Mj\Console;

use Mj\Client;
use Mj\Console\Display\Display;
use Mj\Task;

/** Waits for a task, shows it, saves its pictures. */
final class Following
{
    /** Seconds between two looks; the end wakes at once. */
    private const SLICE = 0.25;

    public function __construct(
        private Client $client,
        private Display $display,
        private Interruption $interruption,
        private Opener $opener,
    ) {}

    /**
     * @param float|null  $timeout   seconds; null waits to the end
     * @param string|null $directory where the pictures are saved; null where they are not
     *
     * @return int the exit code
     */
    public function follow(Task $task, ?float $timeout, ?string $directory, bool $isOpened): int
    {
        $task = $this->waited($task, $timeout ?? INF);
        if (!$task->isFinished()) {
            $isInterrupted = $this->interruption->came();
            $this->display->leave($task, $isInterrupted ? 'Interrupted.' : 'Not done within ' . Text::seconds($timeout ?? 0) . '.');

            return $isInterrupted ? $this->interruption->exitCode() : ExitCode::TIMEOUT;
        }
        // Nothing can be lost from here on, and a slow server must not make Ctrl-C wait.
        $this->interruption->end();
        $files = [];
        try {
            if ($task->images !== [] && ($directory !== null || $isOpened)) {
                $files = $this->client->download($task, $directory ?? self::temporary());
            }
        } finally {
            // What it has come to is shown, whatever befell the files.
            $this->display->end($task, $files);
        }
        foreach ($isOpened ? $files : [] as $file) {
            $this->opener->open($file);
        }

        return $task->succeeded() ? ExitCode::DONE : ExitCode::FAILED;
    }

    private function waited(Task $task, float $timeout): Task
    {
        $until = hrtime(true) / 1e9 + $timeout;
        while (!$task->isFinished() && !$this->interruption->came() && ($left = $until - hrtime(true) / 1e9) > 0) {
            $this->display->show($task);
            $task = $this->client->wait($task, min(self::SLICE, $left));
        }

        return $task;
    }

    private static function user(): int
    {
        return function_exists('posix_geteuid') ? posix_geteuid() : (int) getmyuid();
    }

    /** A directory of this user's that stays: a viewer reads the file when it likes. */
    private static function temporary(): string
    {
        $directory = sys_get_temp_dir() . '/mj-pictures-' . self::user();
        $isOwn = is_dir($directory) || @mkdir($directory, 0700);
        // What somebody else has put there is no place for this user's pictures.
        if (!$isOwn || is_link($directory) || !is_writable($directory) || fileowner($directory) !== self::user()) {
            throw Refusal::failed("$directory cannot be used: give --download=DIRECTORY");
        }

        return $directory;
    }
}
