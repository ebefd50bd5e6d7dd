<?php

declare(strict_types=1);

namespace Mj\Tests\Bench;

/** What was measured, each beside its target. */
final class Report
{
    /** @var list<array{what: string, value: float, unit: string, more: string, target: ?float, more_is_better: bool, met: ?bool}> */
    private array $rows = [];

    /** @var list<array{bench: string, message: string}> */
    private array $failures = [];

    /**
     * @param float      $value  what is held against the target: smaller is better
     * @param float|null $target in the same unit; null when it is only for comparison
     * @param string     $more   what else was seen, for a reader
     */
    public function add(string $what, float $value, string $unit, ?float $target = null, string $more = ''): void
    {
        $this->row($what, $value, $unit, $target, $more, false);
    }

    /** As `add()`, for what has to be large. */
    public function addAtLeast(string $what, float $value, string $unit, ?float $target, string $more = ''): void
    {
        $this->row($what, $value, $unit, $target, $more, true);
    }

    public function failed(string $bench, string $message): void
    {
        $this->failures[] = ['bench' => $bench, 'message' => $message];
    }

    public function hasFailures(): bool
    {
        return $this->failures !== [];
    }

    public function table(): string
    {
        $cells = [['what', 'measured', 'target', '', '']];
        foreach ($this->rows as $row) {
            $cells[] = [
                $row['what'],
                self::number($row['value']) . ' ' . $row['unit'],
                $row['target'] === null ? '' : ($row['more_is_better'] ? '≥ ' : '≤ ') . self::number($row['target']) . ' ' . $row['unit'],
                match ($row['met']) {
                    null => '',
                    true => 'met',
                    false => 'NOT MET',
                },
                $row['more'],
            ];
        }
        $widths = array_map(static fn (int $column) => max(array_map(static fn (array $line) => self::width($line[$column]), $cells)), range(0, 3));
        $text = "\n";
        foreach ($cells as $number => $line) {
            foreach ($widths as $column => $width) {
                $padding = str_repeat(' ', $width - self::width($line[$column]));
                $text .= ($column === 1 || $column === 2 ? $padding . $line[$column] : $line[$column] . $padding) . '  ';
            }
            $text = rtrim($text . $line[4]) . "\n" . ($number === 0 ? str_repeat('-', array_sum($widths) + 6) . "\n" : '');
        }
        foreach ($this->failures as $failure) {
            $text .= "{$failure['bench']} failed: {$failure['message']}\n";
        }
        $judged = array_filter($this->rows, static fn (array $row) => $row['met'] !== null);
        $met = count(array_filter($judged, static fn (array $row) => $row['met']));

        return $text . "\n$met of " . count($judged) . " targets met. " . self::machine() . "\n";
    }

    public function write(string $path): void
    {
        @mkdir(dirname($path), 0777, true);
        file_put_contents($path, json_encode(
            ['at' => gmdate('c'), 'machine' => self::machine(), 'rows' => $this->rows, 'failures' => $this->failures],
            JSON_PRETTY_PRINT | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR
        ) . "\n");
    }

    private function row(string $what, float $value, string $unit, ?float $target, string $more, bool $moreIsBetter): void
    {
        $this->rows[] = [
            'what' => $what,
            'value' => round($value, 4),
            'unit' => $unit,
            'target' => $target === null ? null : round($target, 4),
            'more_is_better' => $moreIsBetter,
            'met' => $target === null ? null : ($moreIsBetter ? $value >= $target : $value <= $target),
            'more' => $more,
        ];
    }

    private static function machine(): string
    {
        preg_match('/^model name\s*: (.*)$/m', (string) @file_get_contents('/proc/cpuinfo'), $model);
        preg_match_all('/^processor/m', (string) @file_get_contents('/proc/cpuinfo'), $processors);

        return sprintf('%s, %d cores, load %.1f, PHP %s', $model[1] ?? 'unknown processor', count($processors[0]), sys_getloadavg()[0], PHP_VERSION);
    }

    private static function number(float $value): string
    {
        return number_format($value, abs($value) >= 100 ? 0 : (abs($value) >= 10 ? 1 : 2), '.', ',');
    }

    private static function width(string $text): int
    {
        return preg_match_all('/./u', $text);
    }
}
