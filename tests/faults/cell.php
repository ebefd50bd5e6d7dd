<?php

/** Plays one cell of the matrix: target and fault in, JSON out. */

declare(strict_types=1);

require __DIR__ . '/../phpunit/bootstrap.php';

echo json_encode((new Mj\Tests\Faults\Cell($argv[1], $argv[2]))->play(), JSON_THROW_ON_ERROR | JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES), "\n";
