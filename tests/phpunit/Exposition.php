<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

/**
 * Prometheus's text format 0.0.4, read strictly: what a server would take with a shrug is a failure here.
 */
final class Exposition
{
    private const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
    private const VALUE = '[+-]?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Inf)|NaN';

    /** @var array<string, array{help: string, type: string, samples: array<string, float>}> by name; samples by name and labels as written */
    public array $families = [];

    public function __construct(string $text)
    {
        if ($text === '' || !str_ends_with($text, "\n") || !mb_check_encoding($text, 'UTF-8')) {
            throw new \RuntimeException('no whole lines of UTF-8');
        }
        $current = null;
        foreach (explode("\n", substr($text, 0, -1)) as $line) {
            if (preg_match('/^# HELP (' . self::NAME . ') (\S.*)$/', $line, $found) === 1) {
                $current = $found[1];
                isset($this->families[$current]) && throw new \RuntimeException("$current comes twice");
                $this->families[$current] = ['help' => $found[2], 'type' => '', 'samples' => []];
            } elseif (preg_match('/^# TYPE (' . self::NAME . ') (counter|gauge|histogram)$/', $line, $found) === 1) {
                ($found[1] !== $current || $this->families[$current]['type'] !== '') && throw new \RuntimeException("misplaced: $line");
                $this->families[$current]['type'] = $found[2];
            } else {
                $this->sample($current ?? throw new \RuntimeException("no family: $line"), $line);
            }
        }
        foreach ($this->families as $name => $family) {
            if ($family['type'] === 'histogram') {
                $this->checkHistogram($name, $family['samples']);
            }
        }
    }

    private function sample(string $family, string $line): void
    {
        $label = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\n]|\\\\[\\\\"n])*"';
        $shape = '/^(' . self::NAME . ')\{((?:' . $label . '(?:,' . $label . ')*)?)\} (' . self::VALUE . ')$/';
        preg_match($shape, $line, $found) === 1 || throw new \RuntimeException("unreadable: $line");
        [, $name, $labels, $value] = $found;
        $type = $this->families[$family]['type'];
        $suffixes = $type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
        in_array($name, array_map(static fn (string $suffix) => $family . $suffix, $suffixes), true)
            || throw new \RuntimeException("of another family than $family: $line");
        preg_match_all('/([a-zA-Z_]\w*)="/', $labels, $names);
        count(array_unique($names[1])) === count($names[1]) || throw new \RuntimeException("a label twice: $line");
        isset($this->families[$family]['samples']["$name{{$labels}}"]) && throw new \RuntimeException("a series twice: $line");
        $number = str_contains($value, 'Inf') ? INF : (float) $value;
        $type === 'counter' && $number < 0 && throw new \RuntimeException("a negative counter: $line");
        $this->families[$family]['samples']["$name{{$labels}}"] = $number;
    }

    /** @param array<string, float> $samples */
    private function checkHistogram(string $name, array $samples): void
    {
        $buckets = [];
        foreach ($samples as $series => $value) {
            if (preg_match('/^' . $name . '_bucket\{(.*?),?le="([^"]+)"\}$/', $series, $found) === 1) {
                $bound = $found[2] === '+Inf' ? INF : (float) $found[2];
                $before = $buckets[$found[1]] ?? [];
                $last = end($before) ?: ['bound' => -INF, 'value' => 0.0];
                if ($bound <= $last['bound'] || $value < $last['value']) {
                    throw new \RuntimeException("not cumulative: $series");
                }
                $buckets[$found[1]][] = ['bound' => $bound, 'value' => $value];
            }
        }
        foreach ($buckets as $labels => $of) {
            $last = end($of);
            $last['bound'] === INF || throw new \RuntimeException("$name{{$labels}} has no last bucket");
            $last['value'] === ($samples["{$name}_count{{$labels}}"] ?? null) || throw new \RuntimeException("$name{{$labels}} counts otherwise");
            isset($samples["{$name}_sum{{$labels}}"]) || throw new \RuntimeException("$name{{$labels}} has no sum");
        }
        count($samples) === array_sum(array_map('count', $buckets)) + 2 * count($buckets) || throw new \RuntimeException("$name has more");
    }

    /**
     * The sum of a metric's series that have all of these labels.
     *
     * @param array<string, string> $labels
     */
    public function sum(string $name, array $labels = [], string $suffix = ''): float
    {
        $sum = 0.0;
        foreach ($this->families[$name]['samples'] as $series => $value) {
            if (!str_starts_with($series, "$name$suffix{")) {
                continue;
            }
            foreach ($labels as $label => $wanted) {
                if (preg_match('/[{,]' . $label . '="' . preg_quote($wanted, '/') . '"/', $series) !== 1) {
                    continue 2;
                }
            }
            $sum += $value;
        }

        return $sum;
    }

    /**
     * Whether no series that only grows has gone back since an earlier look.
     *
     * @return list<string> those that have
     */
    public function wentBack(self $earlier): array
    {
        $back = [];
        foreach ($earlier->families as $name => $family) {
            foreach ($family['type'] === 'gauge' ? [] : $family['samples'] as $series => $value) {
                $now = $this->families[$name]['samples'][$series] ?? -1.0;
                if ($now < $value) {
                    $back[] = "$series: $value, then $now";
                }
            }
        }

        return $back;
    }
}
