<?php

declare(strict_types=1);

namespace Mj\Framework;

/** A listener threw. The message says where, and not what: only the application knows what its own words may tell. */
final class ListenerFailed extends \RuntimeException
{
    public function __construct(\Throwable $thrown)
    {
        parent::__construct($thrown::class . ' in ' . basename($thrown->getFile()) . ':' . $thrown->getLine() . '; it comes again', 0, $thrown);
    }
}
