<?php

declare(strict_types=1);

namespace Mj\Tests\Faults;

use PHPUnit\Framework\TestCase;

/** Plays the matrix, many cells at a time, and holds `docs/faults.md` to what is seen. MJ_FAULTS names some, as `api/dns`. */
final class FaultsTest extends TestCase
{
    private const TABLE = __DIR__ . '/../../docs/faults.md';

    /** Everything that was seen, to look into. */
    private const SEEN = __DIR__ . '/../../build/faults.json';

    /** Cells at once: they wait most of their time. */
    private const AT_ONCE = 26;

    /** The longest that a cell may take, in seconds. */
    private const LONGEST = 280;

    /** Memory that a process may grow by, in MB. */
    private const MEMORY = 32;

    /** The same for both gateways inflating a bomb up to their limit. */
    private const BOMB = 96;

    /** Of one processor, in per cent. */
    private const LOAD = 20;

    /** @var array<string, array<string, mixed>|string> what was seen, or why nothing was, by cell */
    private static array $seen = [];

    public static function setUpBeforeClass(): void
    {
        $waiting = array_map(static fn (array $cell) => implode('/', $cell), self::wanted());
        // Those that take longest go first.
        usort($waiting, static fn (string $a, string $b) => self::weight($b) <=> self::weight($a));
        $running = [];
        while ($waiting !== [] || $running !== []) {
            while ($waiting !== [] && count($running) < self::AT_ONCE) {
                $cell = array_shift($waiting);
                $running[$cell] = self::start($cell);
            }
            foreach ($running as $cell => [$process, $out, $until]) {
                $is_over = !proc_get_status($process)['running'];
                if ($is_over || microtime(true) > $until) {
                    proc_terminate($process, SIGKILL);
                    proc_close($process);
                    unset($running[$cell]);
                    $text = (string) file_get_contents($out);
                    unlink($out);
                    self::$seen[$cell] = json_decode($text, true) ?? ($is_over ? $text : "took too long: $text");
                }
            }
            usleep(50_000);
        }
        @mkdir(dirname(self::SEEN));
        file_put_contents(self::SEEN, json_encode(self::$seen, JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES));
    }

    /** @return list<array{string, string}> */
    public function cells(): array
    {
        return self::wanted();
    }

    /** @dataProvider cells */
    public function testCell(string $target, string $fault): void
    {
        $seen = self::$seen["$target/$fault"];
        self::assertIsArray($seen, (string) json_encode($seen));
        $all = (string) json_encode($seen, JSON_UNESCAPED_SLASHES);
        self::assertSame('SUCCESS', ($seen['next'] ?? null)['status'] ?? $this->lastStatus($seen), $all);
        foreach ($seen['sent'] as $what => $times) {
            self::assertSame(1, $times, "$what was sent $times times: $all");
        }
        foreach (['owner', 'caller'] as $whose) {
            self::assertLessThan($fault === 'inflate_bomb' ? self::BOMB : self::MEMORY, $seen[$whose]['growth'], "memory of the $whose: $all");
            self::assertLessThan(self::LOAD, $seen[$whose]['load'], "processor time of the $whose: $all");
        }
        if ($target === 'cdn') {
            self::assertSame(0, $seen['saved']['files'], "a picture was saved: $all");
            self::assertSame(0, $seen['left'], "files were left: $all");
            self::assertTrue($seen['is_right'], "the picture saved is another: $all");
            self::assertTrue($seen['is_archived'], "the picture archived is another: $all");
        }
        if ($target === 'gateway') {
            self::assertSame(['down', 'down'], [$seen['status']['bot'], $seen['status']['user']], $all);
        }
        self::assertStringNotContainsString('hm=', implode(' ', [$seen['task']['fail_reason'] ?? '', $seen['saved']['error'] ?? '']), 'a signature is told');
    }

    /** @depends testCell */
    public function testTable(): void
    {
        if (getenv('MJ_FAULTS') !== false && getenv('MJ_FAULTS') !== '') {
            self::markTestSkipped('only some cells were played');
        }
        $table = self::table();
        if (getenv('MJ_FAULTS_WRITE') === '1') {
            file_put_contents(self::TABLE, $table);
        }
        self::assertSame($table, (string) @file_get_contents(self::TABLE), 'docs/faults.md is not what was seen: `make faults WRITE=1` writes it');
    }

    /**
     * @param  array<string, mixed> $seen
     * @return string what stands for success where no next task was needed
     */
    private function lastStatus(array $seen): string
    {
        return isset($seen['pause']) ? 'SUCCESS' : $seen['last']['status'];
    }

    private static function weight(string $cell): int
    {
        return (str_starts_with($cell, 'cdn/') ? 2 : 0) + (preg_match('#/(silent|slow_loris|black_hole)$#', $cell) ? 4 : 0)
            + (str_starts_with($cell, 'gateway/') ? 0 : 1);
    }

    /** @return list<array{string, string}> */
    private static function wanted(): array
    {
        $only = array_filter(explode(' ', (string) getenv('MJ_FAULTS')));

        return array_values(array_filter(
            Matrix::cells(),
            static fn (array $cell) => $only === [] || array_intersect($only, [$cell[0], implode('/', $cell)]) !== [],
        ));
    }

    /** @return array{resource, string, float} */
    private static function start(string $cell): array
    {
        $out = (string) tempnam(sys_get_temp_dir(), 'mj-faults-');
        $command = [PHP_BINARY, '-d', 'display_errors=1', __DIR__ . '/cell.php', ...explode('/', $cell)];

        return [
            proc_open($command, [['file', '/dev/null', 'r'], ['file', $out, 'w'], ['file', $out, 'a']], $pipes),
            $out,
            microtime(true) + self::LONGEST,
        ];
    }

    private static function table(): string
    {
        $titles = [
            'api' => 'The API (`mj.api_url`): interactions and history',
            'gateway' => 'The gateway (`mj.gateway_url`)',
            'cdn' => 'The CDN (`mj.cdn_url`): `mj_download()` and `mj.archive`',
            'upload' => 'Uploads (`mj.upload_url`): pictures for describe, blend and prompts',
        ];
        $text = (string) file_get_contents(__DIR__ . '/head.md');
        foreach ($titles as $target => $title) {
            $text .= "\n## $title\n\n";
            if (isset(Matrix::WHY_LEFT_OUT[$target])) {
                $text .= Matrix::WHY_LEFT_OUT[$target] . "\n\n";
            }
            $text .= "| Fault | The task | `mj_status()` | Back, once it is over | What to do |\n|---|---|---|---|---|\n";
            foreach (Matrix::of($target) as $fault) {
                $seen = self::$seen["$target/$fault"];
                $text .= is_array($seen) ? (new Row($target, $fault, $seen))->text() : "| $fault | not seen |\n";
            }
        }

        return $text;
    }
}
