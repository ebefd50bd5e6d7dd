<?php

declare(strict_types=1);

namespace Mj\Http;

use Mj\ConfigurationException;

/**
 * Words that no prompt may have, so that Midjourney never sees them. Without a file there are none: Midjourney's own
 * refusal is the task's state.
 *
 * @internal
 */
final class BannedWords
{
    public function __construct(private Settings $settings) {}

    /** @throws Refusal when the prompt has one */
    public function check(string $prompt): void
    {
        $file = $this->settings->bannedWords();
        if ($file === '') {
            return;
        }
        $lines = @file($file, FILE_IGNORE_NEW_LINES | FILE_SKIP_EMPTY_LINES);
        if ($lines === false) {
            throw new ConfigurationException('MJ_RELAY_BANNED_WORDS cannot be read');
        }
        foreach (array_filter(array_map('trim', $lines)) as $word) {
            // Chinese has no spaces between its words.
            $edge = preg_match('/^[\x20-\x7e]+$/D', $word) === 1 ? '\b' : '';
            if (preg_match("/$edge" . preg_quote($word, '/') . "$edge/iu", $prompt) === 1) {
                $properties = ['promptEn' => $prompt, 'bannedWord' => $word];
                throw new Refusal(200, Reply::BANNED_PROMPT, 'the prompt has a banned word', $properties);
            }
        }
    }
}
