<?php

declare(strict_types=1);

namespace Mj;

/** The engine cannot run here and now. */
class EngineException extends MjException {}
