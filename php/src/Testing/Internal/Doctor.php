<?php

declare(strict_types=1);

namespace Mj\Testing\Internal;

/**
 * The report of a machine on which all is well, but for the checks that a test gives.
 *
 * @internal
 */
final class Doctor
{
    private const OPTIONS = [
        'config' => 'array', 'format' => 'string', 'idle' => 'int', 'lang' => 'string', 'network' => 'bool', 'only' => 'string|array',
        'timeout' => 'int|float',
    ];

    /** @var array<string, MjCheck> by name */
    private array $checks;

    public function __construct()
    {
        $this->checks = ['php.version' => [
            'name' => 'php.version',
            'title' => 'PHP',
            'status' => 'ok',
            'seen' => \PHP_VERSION,
            'todo' => null,
            'because' => null,
        ]];
    }

    /** @param MjCheck $check in place of the one of that name, or after all */
    public function will(array $check): void
    {
        $this->checks[$check['name']] = $check;
    }

    /**
     * @param array<string, mixed> $options
     *
     * @return MjReport
     */
    public function report(array $options): array
    {
        Given::known('doctor', 1, $options, self::OPTIONS);
        $only = $options['only'] ?? [];
        $only = is_array($only) ? $only : [$only];
        $isMeant = static fn(string $name): bool => $only === []
            || in_array($name, $only, true) || in_array(strtok($name, '.'), $only, true);
        $checks = array_values(array_filter($this->checks, static fn(array $check): bool => $isMeant($check['name'])));
        $counts = ['ok' => 0, 'warning' => 0, 'failed' => 0, 'skipped' => 0, 'unknown' => 0];
        foreach ($checks as $check) {
            ++$counts[$check['status']];
        }

        return ['ok' => $counts['failed'] === 0, 'counts' => $counts, 'checks' => $checks];
    }
}
