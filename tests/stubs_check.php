<?php

/**
 * Holds stubs/mj.stub.php equal to the binary, both ways: functions, parameters, types, defaults, attributes, classes,
 * parents, properties, ini entries.
 *
 * Usage: php -n tests/stubs_check.php path/to/libmj.so
 *
 * The stub declares the names that the extension has, so each is described in a process of its own.
 */

declare(strict_types=1);

const STUB = __DIR__ . '/../stubs/mj.stub.php';

/** @return array<string, mixed> */
function describe_parameter(ReflectionParameter $parameter): array
{
    return [
        'position' => $parameter->getPosition(),
        'type' => (string) $parameter->getType(),
        'optional' => $parameter->isOptional(),
        'default' => $parameter->isDefaultValueAvailable() ? var_export($parameter->getDefaultValue(), true) : null,
        'by_reference' => $parameter->isPassedByReference(),
        'variadic' => $parameter->isVariadic(),
        // PHP 8.2 brought the only one, SensitiveParameter.
        'attributes' => PHP_VERSION_ID < 80200 ? [] : array_map(static fn ($attribute) => $attribute->getName(), $parameter->getAttributes()),
    ];
}

/** @return array<string, mixed> */
function describe_function(ReflectionFunction $function): array
{
    $parameters = [];
    foreach ($function->getParameters() as $parameter) {
        $parameters[$parameter->getName()] = describe_parameter($parameter);
    }
    return [
        'required' => $function->getNumberOfRequiredParameters(),
        'returns' => (string) $function->getReturnType(),
        'parameters' => $parameters,
    ];
}

/** @return array<string, mixed> */
function describe_class(ReflectionClass $class): array
{
    $own = static fn ($member) => $member->getDeclaringClass()->getName() === $class->getName();
    $properties = [];
    foreach (array_filter($class->getProperties(), $own) as $property) {
        $properties[$property->getName()] = [
            'modifiers' => $property->getModifiers(),
            'type' => (string) $property->getType(),
            'default' => var_export($property->getDefaultValue(), true),
        ];
    }
    return [
        'parent' => $class->getParentClass() ? $class->getParentClass()->getName() : null,
        'modifiers' => $class->getModifiers(),
        'properties' => $properties,
        'methods' => array_values(array_map(
            static fn ($method) => $method->getName(),
            array_filter($class->getMethods(), $own),
        )),
        'constants' => array_keys(array_filter($class->getReflectionConstants(), $own)),
    ];
}

/** @param list<string> $functions @param list<string> $classes @param list<string> $ini @return array<string, mixed> */
function describe(array $functions, array $classes, array $ini): array
{
    $surface = [];
    foreach ($functions as $name) {
        $surface["function $name"] = describe_function(new ReflectionFunction($name));
    }
    foreach ($classes as $name) {
        $surface["class $name"] = describe_class(new ReflectionClass($name));
    }
    foreach ($ini as $name) {
        $surface["ini $name"] = true;
    }
    ksort($surface);
    return $surface;
}

/** @return array<string, mixed> */
function describe_stub(): array
{
    $functions = get_defined_functions()['user'];
    $classes = get_declared_classes();
    require STUB;
    preg_match_all('/^ \* @ini (\S+)\s+\S/m', (string) file_get_contents(STUB), $ini);
    return describe(
        array_values(array_diff(get_defined_functions()['user'], $functions)),
        array_values(array_diff(get_declared_classes(), $classes)),
        $ini[1],
    );
}

/** @return array<string, mixed> */
function describe_binary(): array
{
    $extension = new ReflectionExtension('mj');
    return describe(
        array_keys($extension->getFunctions()),
        $extension->getClassNames(),
        array_keys($extension->getINIEntries()),
    );
}

/** @param list<string> $options @return array<string, mixed> */
function described_elsewhere(array $options, string $what): array
{
    $command = array_map('escapeshellarg', [PHP_BINARY, '-n', ...$options, __FILE__, "--describe=$what"]);
    return json_decode((string) shell_exec(implode(' ', $command)), true, 64, JSON_THROW_ON_ERROR);
}

switch ($argv[1] ?? '') {
    case '--describe=stub':
        echo json_encode(describe_stub(), JSON_THROW_ON_ERROR);
        exit(0);
    case '--describe=binary':
        echo json_encode(describe_binary(), JSON_THROW_ON_ERROR);
        exit(0);
    case '':
        fwrite(STDERR, "usage: php -n tests/stubs_check.php path/to/libmj.so\n");
        exit(2);
}

$stub = described_elsewhere([], 'stub');
$binary = described_elsewhere(['-d', "extension={$argv[1]}"], 'binary');
$faults = 0;
foreach (array_unique([...array_keys($stub), ...array_keys($binary)]) as $name) {
    if (($stub[$name] ?? null) === ($binary[$name] ?? null)) {
        continue;
    }
    $faults++;
    printf("%s\n  stub:   %s\n  binary: %s\n", $name, json_encode($stub[$name] ?? null), json_encode($binary[$name] ?? null));
}
printf("stubs-check: %d entries, %d differ\n", count($stub), $faults);
exit($faults === 0 ? 0 : 1);
