<?php

/** PER Coding Style, and what this package is written in beyond it. */

declare(strict_types=1);

return (new PhpCsFixer\Config())
    ->setRiskyAllowed(true)
    ->setCacheFile(__DIR__ . '/../build/php-cs-fixer.cache')
    ->setRules([
        '@PER-CS' => true,
        '@PER-CS:risky' => true,
        'declare_strict_types' => true,
        'fully_qualified_strict_types' => ['import_symbols' => false],
        'global_namespace_import' => false,
        'no_unused_imports' => true,
        'ordered_imports' => true,
        'phpdoc_align' => false,
        'phpdoc_trim' => true,
        'native_function_invocation' => ['include' => [], 'strict' => true],
        'static_lambda' => true,
        'strict_comparison' => true,
        'strict_param' => true,
    ])
    ->setFinder(PhpCsFixer\Finder::create()->in([__DIR__, __DIR__ . '/../tests/phpunit/Client'])->notPath('vendor'));
