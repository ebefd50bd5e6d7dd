<?php

declare(strict_types=1);

namespace Mj\Framework;

use Mj\Event\TaskSubmitted;
use Psr\EventDispatcher\EventDispatcherInterface;

/**
 * An application's own dispatcher, as the client takes one.
 *
 * Of submissions it tells at once. Of all that follows `mj:sync` tells, whoever sees it, so that a listener hears it once; an
 * application without `mj:sync` may hear it from the client, as far as that looks.
 */
final class Dispatcher implements EventDispatcherInterface
{
    /** @var callable(object): mixed */
    private $dispatch;

    /** @param callable(object): mixed $dispatch */
    public function __construct(callable $dispatch, private bool $tellAtOnce)
    {
        $this->dispatch = $dispatch;
    }

    public function dispatch(object $event): object
    {
        if ($this->tellAtOnce || $event instanceof TaskSubmitted) {
            ($this->dispatch)($event);
        }

        return $event;
    }
}
