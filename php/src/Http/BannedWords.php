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
        $text = @file_get_contents($file);
        if ($text === false) {
            throw new ConfigurationException('MJ_RELAY_BANNED_WORDS cannot be read');
        }
        if (preg_match('//u', $text) !== 1) {
            throw new ConfigurationException('MJ_RELAY_BANNED_WORDS must be in UTF-8');
        }
        $words = preg_split('/\R/', (string) preg_replace('/^\x{FEFF}/u', '', $text)) ?: [];
        foreach (array_filter(array_map('trim', $words)) as $word) {
            // Chinese has no spaces between its words.
            $isApart = preg_match('/^[\x20-\x7e]+$/D', $word) === 1;
            $pattern = $isApart ? '(?<!\w)' . preg_quote($word, '/') . '(?!\w)' : preg_quote($word, '/');
            if (preg_match("/$pattern/iu", $prompt) === 1) {
                $properties = ['promptEn' => $prompt, 'bannedWord' => $word];
                throw new Refusal(200, Reply::BANNED_PROMPT, 'the prompt has a banned word', $properties);
            }
        }
    }
}
