<?php

declare(strict_types=1);

namespace Mj;

/** The store cannot be opened, read or written. Nothing was lost: the call did not happen. */
class StorageException extends MjException {}
