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
        $size = new Size();
        $rows = max(4, min(self::MOST_ROWS, $size->getHeight() - self::ROWS_FOR_TEXT));
        $columns = max(8, min(self::MOST_COLUMNS, $size->getWidth() - 4));
        [$width, $height] = $this->query(false)->cell($size->getWidth(), $size->getHeight()) ?? [10, 20];

        return new Box($columns, $rows, $width, $height);
    }

    /** Columns that a table may have: in a file nothing is cut that a line may hold. */
    public function tableWidth(OutputInterface $output): int
    {
        return ($this->isTerminal)($output) ? $this->width() : 160;
    }

    public function width(): int
    {
        return max(20, (new Size())->getWidth());
    }

    public function height(): int
    {
        return max(5, (new Size())->getHeight());
    }

    /** Whether it knows more signs than ASCII has. */
    public function isUnicode(): bool
    {
        $set = array_filter([$this->variable('LC_ALL'), $this->variable('LC_CTYPE'), $this->variable('LANG')]);

        return preg_match('/utf-?8/i', (string) reset($set)) === 1;
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
