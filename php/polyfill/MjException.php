<?php

declare(strict_types=1);

namespace Mj;

/** Whatever goes wrong at once, except bad arguments, which are `\ValueError` and `\TypeError`. */
class MjException extends \RuntimeException {}
