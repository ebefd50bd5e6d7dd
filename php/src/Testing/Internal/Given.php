<?php

declare(strict_types=1);

namespace Mj\Testing\Internal;

/**
 * Refuses what the extension refuses, in its words.
 *
 * @internal
 */
final class Given
{
    /** Discord's longest text, in characters. */
    private const LONGEST = 6000;

    /** What is kept free for the seed that the extension adds. */
    private const SEED = 18;

    private const COMMANDS = ['fast', 'info', 'prefer remix', 'private', 'public', 'relax', 'settings', 'stealth', 'turbo'];

    /**
     * @param array<string, mixed> $options beside an image prompt
     */
    public static function imagine(string $prompt, array $options): void
    {
        $sent = trim($prompt);
        foreach (array_diff_key($options, array_flip(['account', 'bot', 'idempotency_key', 'images', 'mode', 'notify_url'])) as $name => $value) {
            $isParameter = !in_array($name, ['priority', 'state', 'timeout', 'upload', 'user_token'], true);
            if ($isParameter && $value !== null && $value !== false) {
                $sent .= " --$name" . (is_scalar($value) && $value !== true ? " $value" : '');
            }
        }
        $hasSeed = isset($options['seed']) || str_contains($prompt, '--seed');
        self::text('imagine', $prompt, ($options['images'] ?? []) !== []);
        self::length('imagine', $sent, self::LONGEST - ($hasSeed ? 0 : self::SEED));
    }

    public static function shorten(string $prompt): void
    {
        self::text('shorten', $prompt, false);
        self::length('shorten', $prompt, self::LONGEST);
    }

    private static function text(string $function, string $prompt, bool $hasImages): void
    {
        $argument = new Argument($function, 1, 'prompt');
        if (preg_match('//u', $prompt) !== 1) {
            $argument->refuse('is not valid UTF-8');
        }
        if (trim($prompt) === '' && !$hasImages) {
            $argument->refuse('the prompt is empty: give a text, an image or both');
        }
        if (preg_match('/[^\P{Cc}\t\n\r]/u', $prompt, $found, PREG_OFFSET_CAPTURE) === 1) {
            $argument->refuse("the prompt contains a control character at byte {$found[0][1]}: remove it");
        }
    }

    private static function length(string $function, string $sent, int $most): void
    {
        $length = (int) preg_match_all('/./su', $sent);
        if ($length > $most) {
            $shorten = 'shorten it by ' . ($length - $most);
            $complaint = "the prompt has $length characters, Discord allows $most: $shorten";
            (new Argument($function, 1, 'prompt'))->refuse($complaint);
        }
    }

    /**
     * @param array<string, mixed>       $options
     * @param array<string, string|null> $known   types by name
     * @param array<string, null>        $further names that are not listed
     */
    public static function known(string $function, int $position, array $options, array $known, array $further = []): void
    {
        foreach ($options as $name => $value) {
            if (!array_key_exists($name, $known + $further)) {
                $all = implode(', ', array_keys($known));
                self::refuse($function, $position, 'options', " element \"$name\": no such option; known are $all");
            }
            $type = $known[$name] ?? null;
            if ($value !== null && $type !== null && !in_array(get_debug_type($value), explode('|', $type), true)) {
                $given = get_debug_type($value);
                $argument = "mj_$function(): Argument #$position (\$options) element \"$name\"";
                throw new \TypeError("$argument must be of type $type, $given given");
            }
        }
    }

    /** @param array<mixed> $images of a blend */
    public static function pictures(array $images): void
    {
        $argument = new Argument('blend', 1, 'images');
        $count = count($images);
        if ($count < 2 || $count > 5) {
            $argument->refuse("must have 2 to 5 pictures, $count given");
        }
        foreach (array_values($images) as $index => $image) {
            GivenPicture::check($argument->at((string) $index), $image);
        }
    }

    /**
     * @param list<string> $arguments
     *
     * @return string the command as Discord has it
     */
    public static function command(string $name, array $arguments): string
    {
        $word = strtolower(ltrim(trim($name), '/'));
        $words = trim("$word " . implode(' ', $arguments));
        if (!in_array($words, self::COMMANDS, true)) {
            if (in_array($word, self::COMMANDS, true)) {
                self::refuse('command', 2, 'arguments', " must be empty, \"$word\" takes none");
            }
            $all = implode(', ', self::COMMANDS);
            self::refuse('command', 1, 'name', ": no such command; known are $all");
        }

        return $words;
    }

    public static function consumer(string $function, string $consumer): void
    {
        if (preg_match('/^[A-Za-z0-9_.:-]{1,64}$/D', $consumer) !== 1) {
            $characters = 'A-Z, a-z, 0-9, "_", ".", ":" and "-"';
            self::refuse($function, 1, 'consumer', " must be 1 to 64 characters of $characters");
        }
    }

    public static function limit(string $function, int $limit): void
    {
        if ($limit < 1 || $limit > 1000) {
            self::refuse($function, 2, 'limit', ' must be from 1 to 1000');
        }
    }

    public static function notNegative(string $function, int $position, string $parameter, float $number): void
    {
        if (!($number >= 0)) {
            self::refuse($function, $position, $parameter, ' must be greater than or equal to 0');
        }
    }

    /**
     * @param string $complaint what PHP says behind the name of the argument
     *
     * @return never
     *
     * @throws \ValueError always
     */
    public static function refuse(string $function, int $position, string $parameter, string $complaint): void
    {
        throw new \ValueError("mj_$function(): Argument #$position (\$$parameter)$complaint");
    }
}
