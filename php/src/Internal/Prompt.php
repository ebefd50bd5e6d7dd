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
    /** What a permutation is made of, and an escaped comma, which is one again within other braces. */
    private const SIGNS = '/\\\\,|\\\\.(*SKIP)(*FAIL)|[{},]/s';
    /** The extension takes a long dash for two short ones. */
    private const REPEAT = '/(?:--|[\x{2013}\x{2014}])(?:repeat|r)\b(?!\s+1\s*(?:$|\s[\x{2013}\x{2014}-]))/iu';

    private function __construct() {}

    /**
     * Whether it may make several tasks: by `--repeat`, or by braces with alternatives. Braces without a comma, with which
     * words of other painters are stressed, are no alternatives.
     */
    public static function isSeveral(string $prompt): bool
    {
        return preg_match(self::REPEAT, $prompt) === 1 || self::hasAlternatives($prompt);
    }

    private static function hasAlternatives(string $prompt): bool
    {
        preg_match_all(self::SIGNS, $prompt, $found);
        /** @var list<bool> $open of the braces around what is looked at, whether they have a comma */
        $open = [];
        foreach ($found[0] as $sign) {
            $depth = count($open);
            if ($sign === '{') {
                $open[] = false;
            } elseif ($sign === '}') {
                if (array_pop($open) === true) {
                    return true;
                }
            } elseif ($depth > ($sign === ',' ? 0 : 1)) {
                $open[$depth - 1] = true;
            }
        }

        return false;
    }
}
