<?php

declare(strict_types=1);

namespace Mj\ChatMoney;

/**
 * A request that was not submitted, with a reason that may be shown to the user.
 *
 * It has no previous one on purpose: a trace has the arguments of calls, and one of them is a token.
 */
final class DriverException extends \RuntimeException {}
