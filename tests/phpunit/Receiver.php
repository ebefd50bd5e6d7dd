<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

/** A site that takes webhooks, in a process of its own. */
final class Receiver
{
    public string $url;

    /** @var resource */
    private $process;

    /** @var resource */
    private $output;

    /**
     * @param list<int>    $statuses of its first answers; later ones are 200
     * @param list<string> $headers  of all of them
     */
    public function __construct(array $statuses = [], array $headers = [])
    {
        $command = [PHP_BINARY, '-n', __DIR__ . '/receiver.php', ...array_map('strval', $statuses), ...$headers];
        $this->process = proc_open($command, [['file', '/dev/null', 'r'], ['pipe', 'w'], STDERR], $pipes);
        $this->output = $pipes[1];
        $this->url = 'http://127.0.0.1:' . rtrim((string) fgets($this->output)) . '/hook?shop=1';
    }

    public function __destruct()
    {
        proc_terminate($this->process, SIGKILL);
        proc_close($this->process);
    }

    /**
     * Waits for the next post.
     *
     * @return array{line: string, headers: array<string, string>, body: string, task: array<string, mixed>}
     */
    public function next(): array
    {
        $read = [$this->output];
        $write = $except = null;
        if (stream_select($read, $write, $except, 60) !== 1) {
            throw new \RuntimeException('no post came');
        }
        $post = json_decode((string) fgets($this->output), true, 64, JSON_THROW_ON_ERROR);

        return $post + ['task' => json_decode($post['body'], true, 64, JSON_THROW_ON_ERROR)];
    }

    /**
     * Waits for the last post of a task, and gives all that came up to it.
     *
     * @return list<array{line: string, headers: array<string, string>, body: string, task: array<string, mixed>}>
     */
    public function all(string $id): array
    {
        $posts = [];
        do {
            $post = $this->next();
            if ($post['task']['id'] === $id) {
                $posts[] = $post;
            }
        } while ($post['task']['id'] !== $id || $post['task']['finished_at'] === null);

        return $posts;
    }
}
