<?php

declare(strict_types=1);

namespace Mj\Http;

/**
 * Which mode a caller pays for: where the address or a field of the request says so, no prompt may say otherwise. Midjourney
 * itself, and so the extension, goes by the prompt.
 *
 * @internal
 */
final class Mode
{
    /** A mode as a parameter; the extension takes a long dash for two short ones. */
    private const FLAG = '/\s*(?<![\w-])(?:--|[\x{2013}\x{2014}])(?:fast|relax|turbo)(?![\w-])/iu';
    /** A parameter's name of which a part is a permutation's: `--tur{bo, x}`. */
    private const BEGUN = '/(?:^|[\s{},])[\x{2013}\x{2014}-]+[a-z]*\{/iu';
    /** A permutation with such a name's beginning alone, and one with something right behind it: `{--tur, x}bo`. */
    private const ALONE = '/[{,]\s*[\x{2013}\x{2014}-]+[a-z]*\s*[,}]/iu';
    private const CONTINUED = '/\}[a-z{\x{2013}\x{2014}-]/iu';

    private function __construct() {}

    /**
     * The prompt without modes of its own, where one was chosen.
     *
     * @throws Refusal when it may become one with a mode of its own
     */
    public static function kept(?string $mode, string $prompt): string
    {
        if ($mode === null) {
            return $prompt;
        }
        $isContinued = preg_match(self::ALONE, $prompt) === 1 && preg_match(self::CONTINUED, $prompt) === 1;
        if ($isContinued || preg_match(self::BEGUN, $prompt) === 1) {
            throw Refusal::sense('prompt must have the names of its parameters whole');
        }

        return trim((string) preg_replace(self::FLAG, '', $prompt));
    }
}
