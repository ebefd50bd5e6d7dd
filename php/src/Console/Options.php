<?php

declare(strict_types=1);

namespace Mj\Console;

use Symfony\Component\Console\Input\InputDefinition;
use Symfony\Component\Console\Input\InputInterface;
use Symfony\Component\Console\Input\InputOption;

/** The options that several commands share, and what of them the extension is given. */
final class Options
{
    public const MODES = ['fast', 'relax', 'turbo'];
    public const BOTS = ['midjourney', 'niji'];

    /** Of every submission: the extension's name, and what it is. The option has hyphens. */
    private const SUBMISSION = [
        'account' => 'name of the account that shall work',
        'mode' => 'fast, relax or turbo',
        'bot' => 'midjourney or niji',
        'notify_url' => 'address that is posted each change',
        'state' => 'words of your own, given back with the task',
        'idempotency_key' => 'a second submission with the same key is the first one\'s task',
        'priority' => 'of the queue, -100 to 100; higher goes first',
    ];

    /** Parameters of a prompt that take a value. */
    private const VALUES = [
        'ar' => 'aspect ratio, as 3:2', 'aspect' => 'the same',
        'c' => 'chaos, 0 to 100', 'chaos' => 'the same',
        's' => 'stylize, 0 to 1000', 'stylize' => 'the same',
        'w' => 'weird, 0 to 3000', 'weird' => 'the same',
        'q' => 'quality, 0.25 to 4', 'quality' => 'the same',
        'v' => 'version of the model, as 7',
        'seed' => 'number that noise begins with, 0 to 4294967295',
        'no' => 'what shall not be seen',
        'style' => 'as raw',
        'stop' => 'per cent at which the job ends, 10 to 100',
        'iw' => 'weight of image prompts, 0 to 3',
        'sw' => 'weight of style references, 0 to 1000',
        'sv' => 'version of style references',
        'cw' => 'weight of character references, 0 to 100',
        'oref' => 'omni reference: address or file',
        'ow' => 'weight of the omni reference, 1 to 1000',
        'exp' => 'experimental aesthetics, 0 to 100',
        'repeat' => 'number of jobs, 1 to 40', 'r' => 'the same',
        'motion' => 'of a video: low or high',
        'bs' => 'number of videos, 1, 2 or 4',
        'end' => 'last picture of a video: address or file',
    ];

    private const LISTS = [
        'sref' => 'style reference: address, file or code; may be given again',
        'cref' => 'character reference: address or file; may be given again',
    ];

    /** Parameters whose value may be left out. */
    private const OPTIONAL = [
        'niji' => 'Niji, with or without its version',
        'p' => 'personalization, with or without a code', 'profile' => 'the same',
        'video' => 'a video, with or without its resolution',
    ];

    private const SWITCHES = [
        'raw' => 'less of Midjourney\'s own style', 'tile' => 'a pattern that repeats', 'draft' => 'quick and rough',
        'hd' => 'larger pictures', 'loop' => 'a video that ends as it begins',
    ];

    private const DOWNLOAD = [
        'cells' => 'only these cells of a grid, as 1,3',
        'format' => 'keep, png, jpeg or webp',
        'quality' => 'of a JPEG, 1 to 100',
        'thumbnail' => 'longer side in pixels at most',
    ];

    /** Options of every command that submits. */
    public static function addSubmission(InputDefinition $definition, bool $hasBot): void
    {
        foreach (array_diff_key(self::SUBMISSION, $hasBot ? [] : ['bot' => true]) as $name => $text) {
            self::add($definition, strtr($name, '_', '-'), InputOption::VALUE_REQUIRED, $text);
        }
        self::add($definition, 'task-timeout', InputOption::VALUE_REQUIRED, 'seconds after which the task fails');
        self::add($definition, 'no-wait', InputOption::VALUE_NONE, 'print the task\'s id and end');
        self::addWaiting($definition);
    }

    /** Options of every command that waits for a task's end. */
    public static function addWaiting(InputDefinition $definition): void
    {
        self::add($definition, 'timeout', InputOption::VALUE_REQUIRED, 'seconds for which it is waited; the task goes on after them');
        self::add($definition, 'download', InputOption::VALUE_REQUIRED, 'directory in which the pictures are saved');
        self::add($definition, 'open', InputOption::VALUE_NONE, 'open the pictures with the program of this desktop');
        self::add($definition, 'pictures', InputOption::VALUE_REQUIRED, 'pictures in the terminal: auto, iterm, kitty, sixel or none', 'auto');
    }

    public static function addPrompt(InputDefinition $definition): void
    {
        self::add($definition, 'image', InputOption::VALUE_REQUIRED | InputOption::VALUE_IS_ARRAY, 'image prompt: address or file; may be given again');
        self::add($definition, 'upload', InputOption::VALUE_NONE, 'upload pictures of addresses, so that Midjourney gets no links');
        foreach (self::VALUES as $name => $text) {
            self::add($definition, $name, InputOption::VALUE_REQUIRED, $text);
        }
        foreach (self::LISTS as $name => $text) {
            self::add($definition, $name, InputOption::VALUE_REQUIRED | InputOption::VALUE_IS_ARRAY, $text);
        }
        foreach (self::OPTIONAL as $name => $text) {
            self::add($definition, $name, InputOption::VALUE_OPTIONAL, $text, false);
        }
        foreach (self::SWITCHES as $name => $text) {
            self::add($definition, $name, InputOption::VALUE_NONE, $text);
        }
        foreach (self::MODES as $mode) {
            self::add($definition, $mode, InputOption::VALUE_NONE, "the same as --mode=$mode");
        }
    }

    public static function addDownload(InputDefinition $definition): void
    {
        self::add($definition, 'split', InputOption::VALUE_NONE, 'cut a grid into its four cells');
        foreach (self::DOWNLOAD as $name => $text) {
            self::add($definition, $name, InputOption::VALUE_REQUIRED, $text);
        }
        self::add($definition, 'preview', InputOption::VALUE_NONE, 'the half-done picture of a task at work');
        self::add($definition, 'overwrite', InputOption::VALUE_NONE, 'also files that are there and different');
        self::add($definition, 'timeout', InputOption::VALUE_REQUIRED, 'seconds that fetching may take, 1 to 3600');
    }

    /** @return array<string, mixed> for the extension */
    public static function submission(InputInterface $input): array
    {
        $options = [];
        foreach (array_keys(self::SUBMISSION) as $name) {
            $option = strtr($name, '_', '-');
            $value = $input->hasOption($option) ? self::text($input, $option) : null;
            if ($name === 'idempotency_key' && $value === '') {
                throw Refusal::usage('--idempotency-key is empty: without a key, each submission is a task of its own');
            }
            if ($value !== null) {
                $options[$name] = $name === 'priority' ? self::whole('priority', $value) : $value;
            }
        }
        $timeout = self::seconds($input, 'task-timeout');

        return $timeout === null ? $options : $options + ['timeout' => $timeout];
    }

    /** @return array<string, mixed> for the extension */
    public static function prompt(InputInterface $input): array
    {
        $options = self::texts($input, 'image') === [] ? [] : ['images' => self::texts($input, 'image')];
        if ($input->getOption('upload') === true) {
            $options['upload'] = true;
        }
        foreach (array_keys(self::VALUES) as $name) {
            $value = self::text($input, $name);
            if ($value !== null) {
                $options[$name] = $name === 'seed' ? self::whole('seed', $value) : $value;
            }
        }
        foreach (array_keys(self::LISTS) as $name) {
            $options += self::texts($input, $name) === [] ? [] : [$name => self::texts($input, $name)];
        }
        foreach (array_keys(self::OPTIONAL) as $name) {
            $value = $input->getOption($name);
            $options += $value === false ? [] : [$name => is_string($value) && $value !== '' ? $value : true];
        }
        foreach (array_keys(self::SWITCHES) as $name) {
            $options += $input->getOption($name) === true ? [$name => true] : [];
        }
        $modes = array_values(array_filter(self::MODES, static fn(string $mode): bool => $input->getOption($mode) === true));
        if (count($modes) > 1) {
            throw Refusal::usage("--$modes[0] and --$modes[1] contradict each other");
        }

        return $modes === [] ? $options : $options + ['mode' => $modes[0]];
    }

    /** @return array<string, mixed> for the extension's download */
    public static function download(InputInterface $input): array
    {
        $isGiven = static fn(string $name): bool => $input->getOption($name) === true;
        $options = array_fill_keys(array_filter(['split', 'preview', 'overwrite'], $isGiven), true);
        foreach (['quality', 'thumbnail'] as $name) {
            $value = self::text($input, $name);
            $options += $value === null ? [] : [$name => self::whole($name, $value)];
        }
        $cells = self::text($input, 'cells');
        if ($cells !== null) {
            $options['cells'] = array_map(static fn(string $cell): int => self::whole('cells', trim($cell)), explode(',', $cells));
        }
        $format = self::text($input, 'format');
        $timeout = self::seconds($input, 'timeout');

        return $options + array_filter(['format' => $format, 'timeout' => $timeout], static fn(mixed $one): bool => $one !== null);
    }

    /** The value of an option; null where it was not given. */
    public static function text(InputInterface $input, string $name): ?string
    {
        $value = $input->getOption($name);

        return is_string($value) ? $value : null;
    }

    /** @return list<string> */
    public static function texts(InputInterface $input, string $name): array
    {
        $values = $input->getOption($name);

        return is_array($values) ? array_values(array_filter($values, 'is_string')) : [];
    }

    /** A number of seconds, 0 or more; null where it was not given. */
    public static function seconds(InputInterface $input, string $name): ?float
    {
        $value = self::text($input, $name);
        if ($value === null) {
            return null;
        }
        $seconds = is_numeric($value) ? (float) $value : -1.0;

        return $seconds >= 0 && is_finite($seconds) ? $seconds : throw Refusal::usage("--$name must be a number of seconds, 0 or more");
    }

    /** A number without a fraction. */
    public static function whole(string $name, string $value): int
    {
        return preg_match('/^-?\d{1,18}$/D', $value) === 1 ? (int) $value : throw Refusal::usage("--$name must be a whole number");
    }

    private static function add(InputDefinition $definition, string $name, int $mode, string $text, string|false|null $default = null): void
    {
        $definition->addOption(new InputOption($name, null, $mode, $text, $mode & InputOption::VALUE_NONE || $default === null ? null : $default));
    }
}
