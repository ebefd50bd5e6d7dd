<?php

declare(strict_types=1);

namespace Mj\Console\Picture;

/**
 * Asks the terminal itself, as no variable tells: whether it draws sixels (DA1), with how many colours (XTSMGRAPHICS), and
 * how many pixels a cell has (XTWINOPS 16).
 *
 * All terminals answer DA1, so its answer ends the reading; what is no terminal has half a second for it.
 */
final class Query
{
    private const OF_CELLS = "\e[16t\e[c";
    private const OF_SIXELS = "\e[?1;1;0S\e[?2;1;0S" . self::OF_CELLS;

    private const TIME = 0.5;

    /** @param string $answers what the terminal wrote back; empty where it did not */
    private function __construct(private string $answers) {}

    public static function of(string $answers): self
    {
        return new self($answers);
    }

    /**
     * Asks the terminal that controls this process.
     *
     * @param bool $isOfSixels whether it is asked about them too, which those that have other pictures may not understand
     */
    public static function terminal(bool $isOfSixels): self
    {
        $terminal = function_exists('shell_exec') && self::isInForeground() ? @fopen('/dev/tty', 'r+') : false;
        $before = $terminal === false ? '' : trim((string) shell_exec('stty -g </dev/tty 2>/dev/null'));
        if ($terminal === false || preg_match('/^[0-9a-f:]+$/i', $before) !== 1) {
            return new self('');
        }
        try {
            shell_exec('stty -icanon -echo min 0 time 0 </dev/tty 2>/dev/null');
            fwrite($terminal, $isOfSixels ? self::OF_SIXELS : self::OF_CELLS);
            fflush($terminal);

            return new self(self::read($terminal));
        } finally {
            shell_exec("stty $before </dev/tty 2>/dev/null");
        }
    }

    public function drawsSixels(): bool
    {
        return preg_match('/\e\[\?([\d;]+)c/', $this->answers, $found) === 1 && in_array('4', explode(';', $found[1]), true);
    }

    /** How many registers for colours it has; 256 where it does not tell. */
    public function colours(): int
    {
        $isTold = preg_match('/\e\[\?1;0;(\d+)S/', $this->answers, $found) === 1;

        return $isTold ? max(2, min(256, (int) $found[1])) : 256;
    }

    /**
     * Width and height of a cell in pixels; null where it does not tell.
     *
     * @param int $columns of the whole terminal
     * @param int $rows    of the whole terminal
     *
     * @return array{int, int}|null
     */
    public function cell(int $columns, int $rows): ?array
    {
        if (preg_match('/\e\[6;(\d+);(\d+)t/', $this->answers, $found) === 1) {
            return self::sensible((int) $found[2], (int) $found[1]);
        }
        // xterm keeps that to itself, but tells how large a picture may be: as the window is, or 1000 at most.
        if (preg_match('/\e\[\?2;0;(\d+);(\d+)S/', $this->answers, $found) !== 1 || (int) $found[2] % $rows !== 0) {
            return null;
        }
        $height = intdiv((int) $found[2], $rows);

        return self::sensible((int) $found[1] % $columns === 0 ? intdiv((int) $found[1], $columns) : intdiv($height, 2), $height);
    }

    /** @return array{int, int}|null */
    private static function sensible(int $width, int $height): ?array
    {
        return $width > 2 && $height > 4 && $width < 100 && $height < 200 ? [$width, $height] : null;
    }

    /** Whether this process may write to the terminal: one in the background would be stopped. */
    private static function isInForeground(): bool
    {
        $stat = @file_get_contents('/proc/self/stat');
        // Behind the name, which may have brackets: state, parent, group, session, terminal, the terminal's group.
        $numbers = $stat === false
            ? preg_split('/\s+/', trim((string) shell_exec('ps -o pgid= -o tpgid= -p ' . (int) getmypid() . ' 2>/dev/null')))
            : array_values(array_intersect_key(explode(' ', substr($stat, (int) strrpos($stat, ')') + 2)), [2 => 0, 5 => 0]));

        return is_array($numbers) && count($numbers) === 2 && $numbers[0] !== '' && $numbers[0] === $numbers[1];
    }

    /** @param resource $terminal */
    private static function read($terminal): string
    {
        stream_set_blocking($terminal, false);
        $answers = '';
        $until = hrtime(true) / 1e9 + self::TIME;
        while (preg_match('/\e\[\?[\d;]*c/', $answers) !== 1 && strlen($answers) < 1024) {
            $left = $until - hrtime(true) / 1e9;
            $read = [$terminal];
            $none = null;
            if ($left <= 0 || @stream_select($read, $none, $none, 0, (int) ($left * 1e6)) === false) {
                break;
            }
            $answers .= (string) fread($terminal, 1024);
        }

        return $answers;
    }
}
