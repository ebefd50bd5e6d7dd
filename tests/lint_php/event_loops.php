<?php

/** What php/examples call of event loops, for PHPStan, which does not have them. */

declare(strict_types=1);

namespace Amp {
    final class Loop
    {
        /** @param resource $stream */
        public static function onReadable($stream, callable $callback): string {}

        public static function cancel(string $watcherId): void {}

        public static function run(?callable $callback = null): void {}
    }
}

namespace React\EventLoop {
    final class Loop
    {
        /** @param resource $stream */
        public static function addReadStream($stream, callable $listener): void {}

        /** @param resource $stream */
        public static function removeReadStream($stream): void {}

        public static function run(): void {}
    }
}

namespace Revolt {
    final class EventLoop
    {
        /** @param resource $stream */
        public static function onReadable(mixed $stream, \Closure $closure): string {}

        public static function cancel(string $callbackId): void {}

        public static function run(): void {}
    }
}

namespace Swoole {
    final class Event
    {
        /** @param resource $sock */
        public static function add($sock, callable $readCallback): int|false {}

        /** @param resource $sock */
        public static function del($sock): bool {}

        public static function wait(): void {}
    }
}

namespace Workerman\Events {
    interface EventInterface
    {
        /**
         * @param resource                 $stream
         * @param callable(resource): void $func
         */
        public function onReadable($stream, callable $func): void;
    }
}

namespace Workerman {
    final class Worker
    {
        /** @var callable(self): mixed */
        public $onWorkerStart;

        public static function getEventLoop(): Events\EventInterface {}

        public static function runAll(): void {}
    }
}
