<?php

declare(strict_types=1);

namespace Mj\Laravel\Facades;

use Illuminate\Support\Facades\Facade;
use Mj\Client;
use Mj\Testing\FakeMidjourney;
use Mj\Testing\Outcome;

/**
 * `Mj::imagine('a cat')`: the client, without asking the container for it.
 *
 * @mixin Client
 */
final class Mj extends Facade
{
    /** Lets the whole application have a fake, which does as it is told; gives it for assertions. */
    public static function fake(Outcome ...$outcomes): FakeMidjourney
    {
        $fake = (new FakeMidjourney())->will(...$outcomes);
        self::swap($fake);

        return $fake;
    }

    protected static function getFacadeAccessor(): string
    {
        return Client::class;
    }
}
