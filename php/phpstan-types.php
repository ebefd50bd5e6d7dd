<?php

/**
 * Gives PHPStan names for the arrays of the extension: those that stubs/mj.stub.php has, as `MjTask`, and for what its
 * functions take the function's and the parameter's, as `MjImagineOptions`.
 */

declare(strict_types=1);

$stub = (string) file_get_contents(__DIR__ . '/../stubs/mj.stub.php');
preg_match_all('~@phpstan-type (\w+) (array\{.*?^ \* \})~ms', $stub, $named);
preg_match_all('~@param (array\{[^$]*\}) \$(\w+)(?:(?!\*/).)*\*/\s+function mj_(\w+)~s', $stub, $taken, PREG_SET_ORDER);

$aliases = array_combine($named[1], $named[2]);
foreach ($taken as [, $shape, $parameter, $function]) {
    $aliases['Mj' . ucwords($function, '_') . ucfirst($parameter)] = $shape;
}

// Debian's Symfony Console, where there is no Composer's.
$symfony = is_dir(__DIR__ . '/vendor/symfony/console') ? [] : array_filter(['/usr/share/php/Symfony/Component/Console'], 'is_dir');

return ['parameters' => ['typeAliases' => preg_replace('~^ +\* ?~m', '', $aliases), 'scanDirectories' => $symfony]];
