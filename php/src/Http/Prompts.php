<?php

declare(strict_types=1);

namespace Mj\Http;

use Mj\Internal\Prompt;

/**
 * Prompts as they may be submitted.
 *
 * @internal
 */
final class Prompts
{
    public function __construct(private Settings $settings, private BannedWords $banned) {}

    /**
     * A prompt that is to make a picture, without a mode of its own where another one was chosen.
     *
     * @throws Refusal when it has a banned word, or makes what was not asked for
     */
    public function painted(string $prompt, ?string $mode): string
    {
        $prompt = Mode::kept($mode, trim($prompt));
        if (!$this->settings->several() && Prompt::isSeveral($prompt)) {
            // Whoever sells pictures counts requests.
            throw Refusal::sense('prompt makes several pictures: write it without {…} and --repeat');
        }

        return $this->read($prompt);
    }

    /**
     * A prompt that makes none.
     *
     * @throws Refusal when it has a banned word
     */
    public function read(string $prompt): string
    {
        $this->banned->check(trim($prompt));

        return trim($prompt);
    }
}
