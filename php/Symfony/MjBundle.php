<?php

declare(strict_types=1);

namespace Mj\Symfony;

use Symfony\Component\HttpKernel\Bundle\Bundle;

/** `Mj\Symfony\MjBundle::class => ['all' => true]` in `config/bundles.php`; `config/packages/mj.yaml` has its settings. */
final class MjBundle extends Bundle {}
