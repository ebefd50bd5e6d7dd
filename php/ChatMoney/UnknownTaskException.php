<?php

declare(strict_types=1);

namespace Mj\ChatMoney;

/** The notify function gave false: no record has the task, as when the request that submitted it has not stored its id yet. */
final class UnknownTaskException extends \RuntimeException {}
