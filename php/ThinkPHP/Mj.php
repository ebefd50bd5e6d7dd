<?php

declare(strict_types=1);

namespace Mj\ThinkPHP;

use Mj\Client;
use think\Facade;

/**
 * `Mj::imagine('a cat')`: the client, without asking the container for it.
 *
 * @mixin Client
 */
final class Mj extends Facade
{
    protected static function getFacadeClass(): string
    {
        return Client::class;
    }
}
