<?php

declare(strict_types=1);

namespace Mj\ThinkPHP;

use Mj\Client;
use think\Facade;

/**
 * `Mj::imagine('a cat')`: the client, without asking the container for it.
 *
 * @see Client
 *
 * @method static \Mj\Task imagine(string $prompt, array<string, mixed> $options = [])
 * @method static \Mj\Task describe(string $image, array<string, mixed> $options = [])
 * @method static \Mj\Task blend(array<string> $images, array<string, mixed> $options = [])
 * @method static \Mj\Task shorten(string $prompt, array<string, mixed> $options = [])
 * @method static \Mj\Task show(\Mj\Task|string $job, array<string, mixed> $options = [])
 * @method static \Mj\Task command(string $name, list<string> $arguments = [], array<string, mixed> $options = [])
 * @method static \Mj\Task action(\Mj\Task|string $task, \Mj\Button|string $action, array<string, mixed> $options = [])
 * @method static \Mj\Task upscale(\Mj\Task|string $task, int $index, array<string, mixed> $options = [])
 * @method static \Mj\Task variation(\Mj\Task|string $task, int $index, array<string, mixed> $options = [])
 * @method static \Mj\Task reroll(\Mj\Task|string $task, array<string, mixed> $options = [])
 * @method static ?\Mj\Task poll(\Mj\Task|string $task)
 * @method static array<string, \Mj\Task|null> pollMany(iterable<string|\Mj\Task> $tasks)
 * @method static \Mj\Task wait(\Mj\Task|string $task, float $timeout = 30.0)
 * @method static array<string, \Mj\Task> waitMany(iterable<string|\Mj\Task> $tasks, float $timeout = 30.0)
 * @method static \Generator<int, \Mj\Task, mixed, \Mj\Task> stream(\Mj\Task|string $task, float $timeout = 1e18, float $slice = 0.25)
 * @method static \Mj\Client onFinished(\Mj\Task|string $task, callable $listener)
 * @method static \Mj\Watch watch()
 * @method static \Mj\TaskPage tasks(array<string, string|list<string>> $filter = [], int $limit = 50, ?string $cursor = null)
 * @method static list<\Mj\Change> events(string $consumer, int $limit = 100, float $wait = 0.0)
 * @method static void ack(string $consumer, \Mj\Change|int $cursor)
 * @method static int consume(string $consumer, callable $handler, int $limit = 100, float $wait = 0.0)
 * @method static bool cancel(\Mj\Task|string $task)
 * @method static list<string> download(\Mj\Task|string $task, string $directory, array<string, mixed> $options = [])
 * @method static string imageUrl(string $url)
 * @method static MjStatus status()
 * @method static string metrics()
 * @method static \Mj\Report doctor(array<string, mixed> $options = [])
 */
final class Mj extends Facade
{
    protected static function getFacadeClass(): string
    {
        return Client::class;
    }
}
