<?php

/** Gives PHPStan the names that stubs/mj.stub.php has for the arrays of the extension: `MjTask`, `MjStatus`, … */

declare(strict_types=1);

$stub = (string) file_get_contents(__DIR__ . '/../stubs/mj.stub.php');
preg_match_all('~@phpstan-type (\w+) (array\{.*?^ \* \})~ms', $stub, $found);
$shapes = preg_replace('~^ \* ?~m', '', $found[2]);

return ['parameters' => ['typeAliases' => array_combine($found[1], $shapes)]];
