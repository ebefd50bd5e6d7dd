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
    private const COMMON = [
        'account' => 'string', 'idempotency_key' => 'string', 'mode' => 'string', 'notify_url' => 'string',
        'priority' => 'int', 'state' => null, 'timeout' => 'int|float', 'user_token' => 'string',
    ];

    private const OWN = [
        'imagine' => ['bot' => 'string', 'images' => null, 'seed' => 'int', 'upload' => 'bool'],
        'describe' => ['bot' => 'string', 'upload' => 'bool'],
        'blend' => ['aspect' => 'string', 'bot' => 'string', 'dimensions' => 'string'],
        'shorten' => ['bot' => 'string'],
        'show' => ['bot' => 'string'],
        'command' => ['bot' => 'string'],
        'action' => ['mask' => 'string', 'prompt' => 'string', 'values' => null],
    ];

    private const PARAMETERS = [
        'ar', 'aspect', 'c', 'chaos', 'cref', 'cw', 'draft', 'end', 'exp', 'hd', 'iw', 'loop', 'motion', 'niji', 'no', 'oref',
        'ow', 'p', 'profile', 'q', 'quality', 'r', 'raw', 'repeat', 's', 'sref', 'stop', 'style', 'stylize', 'sv', 'sw', 'tile',
        'v', 'version', 'video', 'w', 'weird',
    ];

    private const COMMANDS = ['fast', 'info', 'prefer remix', 'private', 'public', 'relax', 'settings', 'stealth', 'turbo'];

    public static function prompt(string $function, string $prompt, bool $hasImages = false): void
    {
        if (trim($prompt) === '' && !$hasImages) {
            self::refuse($function, 1, 'prompt', ': the prompt is empty: give a text, an image or both');
        }
    }

    /** @param array<string, mixed> $options */
    public static function options(string $function, int $position, array $options): void
    {
        $parameters = $function === 'imagine' ? array_fill_keys(self::PARAMETERS, null) : [];
        self::known($function, $position, $options, self::COMMON + self::OWN[$function], $parameters);
        if (isset($options['mode']) && !in_array($options['mode'], ['fast', 'relax', 'turbo'], true)) {
            self::refuse($function, $position, 'options', ' element "mode" must be fast, relax or turbo');
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

    public static function picture(string $function, string $parameter, string $picture): void
    {
        if (preg_match('~^(https?://|data:)~i', $picture) !== 1 && !is_file($picture)) {
            self::refuse($function, 1, $parameter, ': there is no such file');
        }
    }

    /** @param list<string> $images */
    public static function pictures(array $images): void
    {
        $count = count($images);
        if ($count < 2 || $count > 5) {
            self::refuse('blend', 1, 'images', " must have 2 to 5 pictures, $count given");
        }
        foreach ($images as $image) {
            self::picture('blend', 'images', $image);
        }
    }

    /** @param list<string> $arguments */
    public static function command(string $name, array $arguments): void
    {
        if (!in_array(trim("$name " . implode(' ', $arguments)), self::COMMANDS, true)) {
            if (in_array($name, self::COMMANDS, true)) {
                self::refuse('command', 2, 'arguments', " must be empty, \"$name\" takes none");
            }
            $all = implode(', ', self::COMMANDS);
            self::refuse('command', 1, 'name', ": no such command; known are $all");
        }
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
     * @return never
     *
     * @throws \ValueError always
     */
    public static function refuse(string $function, int $position, string $parameter, string $complaint): void
    {
        throw new \ValueError("mj_$function(): Argument #$position (\$$parameter)$complaint");
    }
}
