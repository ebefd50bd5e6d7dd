<?php

declare(strict_types=1);

namespace Mj\Testing\Internal;

/**
 * Prompts with alternatives and `--repeat`, written out as the extension does.
 *
 * @internal
 */
final class Permutations
{
    /** Most jobs of one prompt. */
    private const MOST = 40;

    /** A value reaches to the next parameter. */
    private const REPEAT = '/\s*--(?:repeat|r)\b\s*(.*?)\s*(?=\s--|$)/is';

    /** @return non-empty-list<string> the prompts that a prompt stands for */
    public static function expand(string $prompt): array
    {
        $argument = new Argument('imagine', 1, 'prompt');
        $prompts = [];
        foreach (self::permute($argument, $prompt) as $one) {
            $times = 1;
            while (preg_match(self::REPEAT, $one, $found) === 1) {
                $times = preg_match('/^\d+$/D', $found[1]) === 1 ? (int) $found[1] : 0;
                if ($times < 1 || $times > self::MOST) {
                    $argument->refuse('--repeat needs a whole number from 1 to ' . self::MOST);
                }
                $one = trim((string) preg_replace(self::REPEAT, ' ', $one, 1));
            }
            array_push($prompts, ...array_fill(0, $times, $one));
            self::limit($argument, count($prompts));
        }

        // One that stands for itself alone is kept as it was written.
        return count($prompts) > 1 ? $prompts : [$prompt];
    }

    /** @return list<string> */
    private static function permute(Argument $argument, string $prompt): array
    {
        $done = [];
        $open = [$prompt];
        while ($open !== []) {
            $text = array_pop($open);
            $braces = self::outermost($text);
            if ($braces === null) {
                $done[] = $text;
                continue;
            }
            [$from, $to, $commas] = $braces;
            $options = [];
            $start = $from + 1;
            foreach ([...$commas, $to] as $end) {
                $options[] = str_replace('\,', ',', trim(substr($text, $start, $end - $start)));
                $start = $end + 1;
            }
            self::limit($argument, count($done) + count($open) + count($options));
            foreach (array_reverse($options) as $option) {
                $open[] = substr($text, 0, $from) . $option . substr($text, $to + 1);
            }
        }

        return $done;
    }

    /** @return array{int, int, list<int>}|null the first braces with a partner that stand in no others, and the commas directly within */
    private static function outermost(string $text): ?array
    {
        preg_match_all('/\\\\.(*SKIP)(*FAIL)|[{},]/s', $text, $found, PREG_OFFSET_CAPTURE);
        /** @var list<array{string, int}> $signs each with where it stands */
        $signs = $found[0];
        $opened = $pairs = [];
        foreach ($signs as [$sign, $at]) {
            if ($sign === '{') {
                $opened[] = $at;
            } elseif ($sign === '}' && $opened !== []) {
                $pairs[(int) array_pop($opened)] = $at;
            }
        }
        if ($pairs === []) {
            return null;
        }
        $from = min(array_keys($pairs));
        $commas = [];
        $depth = 0;
        foreach ($signs as [$sign, $at]) {
            if ($at > $from && $at < $pairs[$from]) {
                $depth = max(0, $depth + ($sign === '{' ? 1 : ($sign === '}' ? -1 : 0)));
                if ($sign === ',' && $depth === 0) {
                    $commas[] = $at;
                }
            }
        }

        return [$from, $pairs[$from], $commas];
    }

    private static function limit(Argument $argument, int $count): void
    {
        if ($count > self::MOST) {
            $what = 'the prompt expands to more than ' . self::MOST . ' jobs';
            $argument->refuse("$what: give fewer alternatives or a smaller --repeat");
        }
    }
}
