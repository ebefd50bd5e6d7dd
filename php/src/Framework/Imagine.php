<?php

declare(strict_types=1);

namespace Mj\Framework;

/** `mj:imagine "a cat --ar 3:2"`: draws, shows each change, says where the pictures are. Exits with 2 when it still runs. */
final class Imagine extends Command
{
    public const NAME = 'mj:imagine';
    public const DESCRIPTION = 'Draw with Midjourney';

    public static function parameters(): array
    {
        return [
            Parameter::argument('prompt', 'with its parameters'),
            Parameter::option('timeout', 'seconds for which it is waited', '600'),
            Parameter::option('directory', 'where the pictures are saved; nowhere without', ''),
        ];
    }

    protected function work(array $given, callable $say): int
    {
        $timeout = self::seconds($given, 'timeout');
        $directory = self::text($given, 'directory');
        if ($directory !== '' && !(is_dir($directory) && is_writable($directory))) {
            throw new \ValueError('--directory must be a directory that can be written to');
        }
        $mj = $this->application->client();
        $task = $mj->imagine(self::text($given, 'prompt'));
        foreach ($mj->stream($task, $timeout) as $task) {
            $say("$task->id $task->status $task->progress %");
        }
        if (!$task->isFinished()) {
            $say('it still runs');

            return 2;
        }
        foreach ($task->images as $image) {
            $say($image->url);
        }
        if (!$task->succeeded()) {
            $say((string) ($task->failReason ?? $task->status));

            return 1;
        }
        foreach ($directory === '' ? [] : $mj->download($task, $directory) as $path) {
            $say($path);
        }

        return 0;
    }
}
