<?php

declare(strict_types=1);

namespace Mj\Internal;

/**
 * What can be seen of a prompt before it is submitted.
 *
 * @internal
 */
final class Prompt
{
    /** Braces with something between them; what stands behind a backslash is none. */
    private const BRACES = '/\{[^}]*\}/s';
    /** The extension takes a long dash for two short ones. */
    private const REPEAT = '/(?:--|[\x{2013}\x{2014}])(?:repeat|r)\b/iu';

    private function __construct() {}

    /** Whether it may make several tasks: by permutations, or by `--repeat`. */
    public static function isSeveral(string $prompt): bool
    {
        $plain = (string) preg_replace('/\\\\./s', '', $prompt);

        return preg_match(self::BRACES, $plain) === 1 || preg_match(self::REPEAT, $prompt) === 1;
    }
}
