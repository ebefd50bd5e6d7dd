<?php

declare(strict_types=1);

namespace Mj\Console;

use Mj\Console\Picture\Box;
use Mj\Console\Picture\ITerm;
use Mj\Console\Picture\Kitty;
use Mj\Console\Picture\Protocol;
use Mj\Console\Picture\Query;
use Mj\Console\Picture\Sixel;
use Symfony\Component\Console\Output\OutputInterface;
use Symfony\Component\Console\Output\StreamOutput;
use Symfony\Component\Console\Terminal as Size;

/** Where the output goes: whether it is a terminal, of which size, and which pictures it shows. */
final class Terminal
{
    public const PICTURES = ['auto', 'iterm', 'kitty', 'sixel', 'none'];

    /** Rows that stay for text, and columns that a picture has at most. */
    private const ROWS_FOR_TEXT = 10;
    private const MOST_COLUMNS = 64;
    private const MOST_ROWS = 24;

    private ?Query $query = null;

    /** @var array{int, int}|null columns and rows, where they have changed */
    private ?array $size = null;

    private bool $isResized = false;

    /** @var \Closure(OutputInterface): bool */
    private \Closure $isTerminal;

    /** @var \Closure(bool): Query */
    private \Closure $ask;

    /**
     * @param array<string, string>                     $environment
     * @param \Closure(OutputInterface): bool|null      $isTerminal
     * @param \Closure(bool): Query|null                $ask         whether about sixels too
     */
    public function __construct(private array $environment, ?\Closure $isTerminal = null, ?\Closure $ask = null)
    {
        $this->isTerminal = $isTerminal ?? static fn(OutputInterface $output): bool => $output instanceof StreamOutput
            && stream_isatty($output->getStream());
        $this->ask = $ask ?? static fn(bool $isOfSixels): Query => Query::terminal($isOfSixels);
    }

    /** Whether what is written can be written over. */
    public function isLive(OutputInterface $output): bool
    {
        return $output->isDecorated() && !$output->isQuiet() && ($this->isTerminal)($output);
    }

    /**
     * How pictures are shown; null where they are not.
     *
     * @param string $asked one of {@see Terminal::PICTURES}
     */
    public function protocol(OutputInterface $output, string $asked): ?Protocol
    {
        if ($output->isQuiet() || !($this->isTerminal)($output)) {
            return null;
        }

        return match ($asked) {
            'iterm' => new ITerm(),
            'kitty' => new Kitty($this->pictureId()),
            'sixel' => new Sixel($this->query()->colours()),
            'auto' => $output->isDecorated() ? $this->detected() : null,
            default => null,
        };
    }

    /** What a picture may cover. */
    public function box(): Box
    {
        [$columns, $rows] = $this->size();
        [$width, $height] = $this->query(false)->cell($columns, $rows) ?? [10, 20];

        return new Box(max(8, min(self::MOST_COLUMNS, $columns - 4)), max(4, min(self::MOST_ROWS, $rows - self::ROWS_FOR_TEXT)), $width, $height);
    }

    /** Columns that a table may have: in a file nothing is cut that a line may hold. */
    public function tableWidth(OutputInterface $output): int
    {
        return ($this->isTerminal)($output) ? $this->width() : 160;
    }

    public function width(): int
    {
        return max(20, $this->size()[0]);
    }

    public function height(): int
    {
        return max(5, $this->size()[1]);
    }

    /** Its size is another one now, as SIGWINCH says. */
    public function resize(): void
    {
        $this->isResized = true;
    }

    /** Whether it knows more signs than ASCII has. */
    public function isUnicode(): bool
    {
        $set = array_filter([$this->variable('LC_ALL'), $this->variable('LC_CTYPE'), $this->variable('LANG')]);

        return preg_match('/utf-?8/i', (string) reset($set)) === 1;
    }

    /** @return array{int, int} columns and rows */
    private function size(): array
    {
        if ($this->isResized) {
            $this->isResized = false;
            $this->size = $this->measured() ?? $this->size;
        }

        return $this->size ?? [(new Size())->getWidth(), (new Size())->getHeight()];
    }

    /**
     * The size as it is now: Symfony looks at it once. What the environment says counts more, as for Symfony.
     *
     * @return array{int, int}|null
     */
    private function measured(): ?array
    {
        if ($this->variable('COLUMNS') !== '' || $this->variable('LINES') !== '' || !function_exists('proc_open')) {
            return null;
        }
        $pipes = [];
        $process = @proc_open(['stty', 'size'], [['file', '/dev/tty', 'r'], ['pipe', 'w'], ['file', '/dev/null', 'w']], $pipes);
        if ($process === false || !isset($pipes[1])) {
            return null;
        }
        $isSaid = preg_match('/^(\d+) ([1-9]\d*)$/', (string) stream_get_contents($pipes[1]), $said) === 1;
        proc_close($process);

        return $isSaid ? [(int) $said[2], (int) $said[1]] : null;
    }

    private function detected(): ?Protocol
    {
        $program = $this->variable('TERM_PROGRAM');
        $isWrapped = $this->variable('TMUX') !== '' || preg_match('/^(screen|tmux)/', $this->variable('TERM')) === 1;

        return match (true) {
            $this->variable('TERM') === 'dumb' => null,
            // tmux and screen pass on none but the sixels that they know themselves.
            $isWrapped => $this->sixel(),
            $this->variable('KITTY_WINDOW_ID') !== '', $this->variable('TERM') === 'xterm-kitty',
            $program === 'ghostty' => new Kitty($this->pictureId()),
            in_array($program, ['iTerm.app', 'WezTerm', 'mintty'], true),
            $this->variable('LC_TERMINAL') === 'iTerm2' => new ITerm(),
            default => $this->sixel(),
        };
    }

    private function sixel(): ?Sixel
    {
        return function_exists('imagecreatefromstring') && $this->query()->drawsSixels() ? new Sixel($this->query()->colours()) : null;
    }

    private function query(bool $isOfSixels = true): Query
    {
        return $this->query ??= ($this->ask)($isOfSixels);
    }

    private function pictureId(): int
    {
        return 1 + (int) getmypid() % 0xFFFFFF;
    }

    private function variable(string $name): string
    {
        return $this->environment[$name] ?? '';
    }
}
