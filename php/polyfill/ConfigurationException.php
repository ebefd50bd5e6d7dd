<?php

declare(strict_types=1);

namespace Mj;

/** A setting is missing or wrong; the message names it. */
class ConfigurationException extends MjException {}
