<?php

declare(strict_types=1);

namespace Mj;

/**
 * A client's changes for an event loop: a stream that becomes readable when there is something to look at, so that nobody
 * polls. {@see Client::watch()} gives one.
 *
 *     $watch = $mj->watch();
 *     Loop::addReadStream($watch->stream(), static fn() => $watch->changed());
 *     $mj->onFinished($mj->imagine('a lighthouse'), static fn(Task $task) => …);
 *
 * `count($watch)` is the number of tasks that the client still follows. After `pcntl_fork()` the child makes another.
 */
final class Watch implements \Countable
{
    /** @var resource */
    private $stream;

    /** @var \Closure(): list<Task> */
    private \Closure $look;

    /** @var \Closure(): int<0, max> */
    private \Closure $count;

    /**
     * @param resource               $stream readable when something has changed
     * @param \Closure(): list<Task> $look   gives the followed tasks that have changed
     * @param \Closure(): int<0, max> $count how many are followed
     *
     * @internal
     */
    public function __construct($stream, \Closure $look, \Closure $count)
    {
        $this->stream = $stream;
        $this->look = $look;
        $this->count = $count;
    }

    /**
     * What to watch for reading: at the beginning, and after each change, it is readable until {@see Watch::changed()} or
     * {@see Watch::take()} is called. The loop must be told to forget it before it is closed.
     *
     * @return resource
     */
    public function stream()
    {
        return $this->stream;
    }

    /**
     * To be called when the stream is readable; never waits. Tells the logger, the dispatcher and those who asked by
     * {@see Client::onFinished()}; where one of them throws, the others are told first.
     *
     * @return list<Task> those that the client follows and that have changed since it looked last
     *
     * @throws EngineException  when the stream was made before a fork, or is closed
     * @throws StorageException when the store cannot be read: call it again a little later, for the stream does not say
     *                          the same change twice
     */
    public function changed(): array
    {
        $this->take();

        return ($this->look)();
    }

    /**
     * Makes the stream unreadable until the next change, and looks at nothing: for loops that {@see Client::consume()} the
     * feed, afterwards. True when something had changed, in whatever process.
     *
     * @throws EngineException when the stream was made before a fork, or is closed
     */
    public function take(): bool
    {
        if (!is_resource($this->stream)) {
            throw new EngineException('the watch is closed');
        }
        // In a forked child it warns, as the exception does.
        $read = @fread($this->stream, 1);
        // Of a socket, which a fake has, feof() would wait.
        if (stream_get_meta_data($this->stream)['eof']) {
            throw new EngineException('the stream was made before a fork, by another process: close it, and call watch() again');
        }

        return $read !== false && $read !== '';
    }

    /** How many tasks the client follows that have not ended. */
    public function count(): int
    {
        return ($this->count)();
    }

    /** Ends it. The loop must have been told to forget the stream. */
    public function close(): void
    {
        if (is_resource($this->stream)) {
            fclose($this->stream);
        }
    }
}
