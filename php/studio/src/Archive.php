<?php

declare(strict_types=1);

namespace Mj\Studio;

use Mj\Client;
use Mj\Task;

/** Pictures of several tasks as one ZIP file, which is sent as it is made: nothing is compressed, pictures are already. */
final class Archive
{
    /** Tasks in one archive. */
    private const MOST = 50;

    /** Bytes that are read at once. */
    private const CHUNK = 1 << 18;

    /** Version 2.0 of the format; names are UTF-8. */
    private const VERSION = 20;
    private const FLAGS = 0x0800;

    public function __construct(private Client $mj, private Pictures $pictures) {}

    /**
     * @param string $ids   of tasks, as `ID_ID`
     * @param bool   $cells whether a grid comes with its four pictures too
     */
    public function response(string $ids, bool $cells): Response
    {
        if (preg_match('/^[0-9A-Z]{26}(_[0-9A-Z]{26})*$/D', $ids) !== 1 || substr_count($ids, '_') >= self::MOST) {
            throw new Refusal(422, 'invalid', 'tasks must be ids, at most ' . self::MOST);
        }
        $tasks = array_filter(array_filter($this->mj->pollMany(explode('_', $ids))), static fn(Task $task): bool => $task->images !== []);
        if ($tasks === []) {
            throw new Refusal(404, 'no_image', 'There is no such picture now');
        }

        return new Response(200, $this->parts($tasks, $cells), [
            'Content-Type' => 'application/zip',
            'Content-Disposition' => 'attachment; filename="' . (count($tasks) === 1 ? array_key_first($tasks) : 'mj-' . gmdate('Y-m-d-His')) . '.zip"',
        ]);
    }

    /**
     * @param array<Task> $tasks
     *
     * @return \Generator<int, string>
     */
    private function parts(array $tasks, bool $cells): \Generator
    {
        $directory = '';
        $count = $offset = 0;
        foreach ($tasks as $task) {
            foreach ($this->pictures->files($task, $cells) as $name => $path) {
                $file = @fopen($path, 'rb');
                $size = @filesize($path);
                if ($file === false || $size === false) {
                    continue;
                }
                $entry = self::entry($name, (string) hash_file('crc32b', $path), $size, $task->createdAt);
                $local = "PK\x03\x04" . $entry . $name;
                yield $local;
                while (!feof($file)) {
                    yield (string) fread($file, self::CHUNK);
                }
                fclose($file);
                $directory .= "PK\x01\x02" . pack('v', self::VERSION) . $entry . pack('vvvVV', 0, 0, 0, 0, $offset) . $name;
                $offset += strlen($local) + $size;
                $count++;
            }
        }
        yield $directory . "PK\x05\x06" . pack('vvvvVVv', 0, 0, $count, $count, strlen($directory), $offset, 0);
    }

    /** What both headers of a file have. */
    private static function entry(string $name, string $sum, int $size, \DateTimeImmutable $made): string
    {
        [$year, $month, $day, $hour, $minute, $second] = array_map('intval', explode(' ', $made->format('Y n j G i s')));

        return pack(
            'vvvvvVVVvv',
            self::VERSION,
            self::FLAGS,
            0,
            $hour << 11 | $minute << 5 | $second >> 1,
            max(0, $year - 1980) << 9 | $month << 5 | $day,
            hexdec($sum),
            $size,
            $size,
            strlen($name),
            0,
        );
    }
}
