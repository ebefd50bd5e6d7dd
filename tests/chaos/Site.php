<?php

declare(strict_types=1);

namespace Mj\Tests\Chaos;

use Mj\Tests\Process\Lost;

/** PHP processes that answer calls of `endpoint.php`, in whatever server or script they live. */
interface Site
{
    /**
     * Calls functions, all at once.
     *
     * @param  array<array-key, list<mixed>> $calls   a function's name and its arguments each
     * @param  float                         $timeout seconds for all of them
     * @return array<array-key, mixed>       results; a {@see Lost} where the process died before it answered
     */
    public function calls(array $calls, float $timeout = 30.0): array;

    /** @return list<int> the processes that run PHP code */
    public function workerPids(): array;
}
