<?php

declare(strict_types=1);

namespace Mj\Testing\Internal;

/**
 * Refuses the options that the extension refuses, in its words.
 *
 * @internal
 */
final class GivenOptions
{
    private const COMMON = ['account', 'idempotency_key', 'mode', 'notify_url', 'priority', 'state', 'timeout', 'user_token'];

    private const OWN = [
        'imagine' => ['bot', 'images', 'seed', 'upload'],
        'describe' => ['bot', 'upload'],
        'blend' => ['aspect', 'bot', 'dimensions'],
        'shorten' => ['bot'],
        'show' => ['bot'],
        'command' => ['bot'],
        'action' => ['mask', 'prompt', 'values'],
    ];

    /** Midjourney's parameters that are named in the complaint. */
    private const NAMED = [
        'aspect', 'chaos', 'cref', 'cw', 'draft', 'end', 'exp', 'iw', 'loop', 'motion', 'niji', 'no', 'oref', 'ow', 'profile', 'quality',
        'raw', 'repeat', 'sref', 'stop', 'style', 'stylize', 'sw', 'tile', 'version', 'video', 'weird',
    ];

    private const FURTHER = [
        'ar', 'batchsize', 'bs', 'c', 'creative', 'fast', 'hd', 'p', 'personalize', 'public', 'q', 'r', 'relax', 's', 'sameseed', 'stealth',
        'sv', 'test', 'testp', 'turbo', 'upbeta', 'uplight', 'v', 'w',
    ];

    private const DOWNLOAD = ['cells', 'format', 'overwrite', 'preview', 'quality', 'split', 'thumbnail', 'timeout'];

    /** @param array<mixed> $options of a submission */
    public static function ofSubmission(string $function, int $position, array $options): void
    {
        $argument = new Argument($function, $position, 'options');
        foreach (self::named($argument, $options, 'must be an array with option names as keys, not a list') as $name => $value) {
            $option = $argument->at($name);
            if (in_array($name, self::COMMON, true)) {
                self::common($option, $name, $value);
            } elseif (in_array($name, self::OWN[$function], true) || ($function === 'blend' && $name === 'ar')) {
                self::own($argument, $name, $value);
            } elseif ($function === 'imagine' && in_array($name, [...self::NAMED, ...self::FURTHER], true)) {
                self::parameter($option, $name, $value);
            } else {
                $known = implode(', ', [...self::COMMON, ...self::OWN[$function]]);
                $further = $function === 'imagine' ? ", and Midjourney's parameters " . implode(', ', self::NAMED) : '';
                $option->refuse("no such option; known are $known$further");
            }
        }
        if (isset($options['account'], $options['user_token'])) {
            $argument->at('user_token')->refuse('names another account beside options.account: give one');
        }
    }

    /**
     * @param array<mixed> $options of `mj_download()`
     *
     * @return list<int> the cells that are wanted; none for whole pictures
     */
    public static function ofDownload(array $options): array
    {
        $argument = new Argument('download', 3, 'options');
        $cells = [];
        foreach (self::named($argument, $options, 'must be an array with option names as keys') as $name => $value) {
            $option = $argument->at($name);
            match ($name) {
                'overwrite', 'preview', 'split' => $option->truth($value),
                'timeout' => $option->seconds($value, 1, 3600),
                'cells' => $cells = self::cells($option, $value),
                'format' => $option->oneOf($value, ['keep', 'jpeg', 'jpg', 'png', 'webp'], 'must be png, jpeg, webp or keep'),
                'quality' => $option->number($value, 1, 100),
                'thumbnail' => $option->number($value, 1, 8192),
                default => $option->refuse('no such option; known are ' . implode(', ', self::DOWNLOAD)),
            };
        }
        $split = $options['split'] ?? null;
        if ($split === false && $cells !== []) {
            $argument->at('split')->refuse('is false, and options.cells asks for cells');
        }
        if (($options['preview'] ?? null) === true && ($split === true || $cells !== [])) {
            $argument->at($split === true ? 'split' : 'cells')->refuse('cuts finished grids only: leave out options.preview');
        }
        if (isset($options['quality']) && !in_array($options['format'] ?? null, ['jpeg', 'jpg'], true)) {
            $argument->at('quality')->refuse('is of JPEG only: give options.format jpeg');
        }

        return $split === true && $cells === [] ? [1, 2, 3, 4] : $cells;
    }

    private static function common(Argument $option, string $name, mixed $value): void
    {
        match ($name) {
            'idempotency_key' => $option->bounded($value, 255),
            'mode' => $option->oneOf($value, ['fast', 'relax', 'turbo'], 'must be fast, relax or turbo'),
            'notify_url' => self::hook($option, $value),
            'priority' => $option->number($value, -100, 100),
            'state' => $option->bounded($value, 65536),
            'timeout' => $option->seconds($value, 10, 7 * 86400),
            default => $option->text($value),
        };
    }

    private static function own(Argument $options, string $name, mixed $value): void
    {
        $option = $options->at($name);
        $shape = 'must be portrait (2:3), square (1:1) or landscape (3:2): a blend has no other shape';
        match ($name) {
            'ar', 'aspect', 'dimensions' => $option->oneOf($value, ['portrait', '2:3', 'square', '1:1', 'landscape', '3:2'], $shape),
            'bot' => $option->oneOf($value, ['midjourney', 'mj', 'niji'], 'must be midjourney or niji'),
            'images' => GivenPicture::prompts($options, $value),
            'mask' => self::mask($option, $value),
            'prompt' => $option->text($value),
            'seed' => $option->number(self::digits($value), 0, 4294967295),
            'upload' => $option->truth($value),
            default => array_map([$option, 'text'], is_array($value) ? $value : [$value]),
        };
    }

    private static function parameter(Argument $option, string $name, mixed $value): void
    {
        if (!is_scalar($value) && !(is_array($value) && array_keys($value) === array_keys(array_values($value)))) {
            $option->refuseType('string|int|float|bool|list of strings', $value);
        }
        array_map([$option, 'text'], is_array($value) ? $value : []);
        if (in_array($name, ['cref', 'end', 'oref', 'sref'], true)) {
            GivenPicture::references($option, $value);
        }
    }

    /** A number, also as its digits; -1 for another text. */
    private static function digits(mixed $value): mixed
    {
        if (!is_string($value)) {
            return $value;
        }

        return preg_match('/^\d+$/D', trim($value)) === 1 ? (int) trim($value) : -1;
    }

    private static function mask(Argument $option, mixed $value): void
    {
        if (preg_match('~^https?://~i', trim($option->text($value))) === 1) {
            $option->refuse('must be the path of a PNG file or a data: address, not a web address');
        }
    }

    private static function hook(Argument $option, mixed $value): void
    {
        $url = parse_url(trim($option->text($value)));
        if (!isset($url['scheme'], $url['host']) || !in_array(strtolower($url['scheme']), ['http', 'https'], true)) {
            $option->refuse('must be an http or https address');
        }
    }

    /** @return list<int> */
    private static function cells(Argument $option, mixed $value): array
    {
        if (!is_array($value)) {
            $option->refuseType('list', $value);
        }
        $cells = [];
        foreach ($value as $cell) {
            if (!is_int($cell) || $cell < 1 || $cell > 4) {
                $option->refuse('must be a list of numbers from 1 to 4');
            }
            $cells[] = $cell;
        }
        if ($cells === []) {
            $option->refuse('is empty: leave it out, or name cells from 1 to 4');
        }

        return array_values(array_unique($cells));
    }

    /**
     * @param array<mixed> $options
     *
     * @return array<string, mixed> those that are given
     */
    private static function named(Argument $argument, array $options, string $complaint): array
    {
        $named = [];
        foreach ($options as $name => $value) {
            if (is_int($name) && array_keys($options) === array_keys(array_values($options))) {
                $argument->refuse($complaint);
            }
            if ($value !== null) {
                $named[(string) $name] = $value;
            }
        }

        return $named;
    }
}
