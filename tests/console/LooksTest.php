<?php

declare(strict_types=1);

namespace Mj\Tests\Console;

use Mj\Testing\Outcome;

/** The commands that look at what there is. */
final class LooksTest extends ConsoleTestCase
{
    public function testTasksAreListedByWhatIsAskedFor(): void
    {
        $grid = $this->mj->wait($this->mj->imagine('a cat'));
        $this->mj->wait($this->mj->upscale($grid, 1));
        $this->mj->imagine('a dog');

        self::assertSame(0, $this->mj('tasks'));
        self::assertSame(4, substr_count($this->out, "\n"));
        self::assertMatchesRegularExpression("/^$grid->id +imagine +done +100 % +\\d+ s +a cat *$/m", $this->out);
        $this->mj('tasks', '--action=upscale', '--json');
        self::assertSame(['UPSCALE'], array_column($this->json()['tasks'], 'action'));
        $this->mj('tasks', '--status=NOT_START', '--json');
        self::assertSame(['a dog'], array_column($this->json()['tasks'], 'prompt'));
        $this->mj('tasks', "--parent=$grid->id", '--json');
        self::assertCount(1, $this->json()['tasks']);
        $this->mj('tasks', '--status=FAILURE');
        self::assertSame("No tasks.\n", $this->out);
    }

    public function testPagesGoOnWhereTheyEnded(): void
    {
        for ($count = 0; $count < 5; ++$count) {
            $task = $this->mj->wait($this->mj->imagine("cat $count"));
            $this->mj->wait($this->mj->upscale($task, 1));
        }
        foreach ([[], ['--action=IMAGINE']] as $filter) {
            $seen = [];
            $cursor = null;
            do {
                $this->mj('tasks', '--limit=2', '--json', ...$filter, ...($cursor === null ? [] : ["--cursor=$cursor"]));
                $page = $this->json();
                self::assertLessThanOrEqual(2, count($page['tasks']));
                array_push($seen, ...array_column($page['tasks'], 'id'));
                $cursor = $page['cursor'];
            } while ($cursor !== null);
            self::assertCount($filter === [] ? 10 : 5, array_unique($seen));
        }
        $this->mj('tasks', '--limit=2');
        self::assertStringContainsString('More: --cursor=', $this->out);
    }

    public function testATableIsNoWiderThanTheTerminal(): void
    {
        $this->mj->will(Outcome::failure('BANNED_PROMPT'), Outcome::stuck(35));
        $ids = [];
        foreach (['a stormy sea', '海边的灯塔，远处是山，天空中有鸟，画面宁静，水彩画风格，细节丰富，柔和的光线', 'a cat'] as $prompt) {
            $ids[] = $this->mj->wait($this->mj->imagine($prompt), 20)->id;
        }
        foreach ([160, 100, 80, 60, 50, 40, 30] as $columns) {
            putenv("COLUMNS=$columns");
            self::assertSame(0, $this->live(['tasks']));
            $lines = explode("\n", rtrim((string) preg_replace('/\e\[[\d;]*m/', '', $this->out)));
            foreach ($lines as $line) {
                self::assertLessThanOrEqual($columns, mb_strwidth(rtrim($line)), "$columns: $line");
            }
            foreach ($ids as $number => $id) {
                self::assertStringStartsWith($id, $lines[3 - $number]);
            }
            self::assertSame($columns >= 60, str_contains($this->out, 'a cat'), "$columns: $this->out");
            self::assertSame($columns >= 40, str_contains($this->out, 'done'), "$columns: $this->out");
            self::assertSame($columns >= 80, str_contains($this->out, '100 %'), "$columns: $this->out");
        }
    }

    public function testABarIsNoWiderThanTheTerminal(): void
    {
        foreach ([100, 60, 40, 30, 20] as $columns) {
            putenv("COLUMNS=$columns");
            $this->mj->will(Outcome::stuck(35));
            self::assertSame(4, $this->live(['imagine', 'a cat', '--timeout=0.5', '--pictures=none']));
            $written = (string) preg_replace('/Not done.*$/s', '', (string) preg_replace('/\e\[[\d;]*m/', '', $this->out));
            $bars = preg_grep('/ \d+ %/', preg_split('/\e\[[\d;]*[A-Z]|[\r\n]/', $written) ?: []) ?: [];
            self::assertNotSame([], $bars);
            foreach ($bars as $bar) {
                self::assertLessThan($columns, mb_strwidth($bar), "$columns: $bar");
            }
        }
    }

    public function testATaskIsShownAsItIs(): void
    {
        $this->mj->will(Outcome::stuck(35));
        $task = $this->mj->wait($this->mj->imagine('a cat'), 20);
        self::assertSame(0, $this->mj('task', $task->id));
        self::assertStringStartsWith("$task->id  imagine\na cat\ndrawing, 35 %", $this->out);
        self::assertSame(4, $this->mj('task', $task->id, '--wait', '--timeout=0.1'));
        $this->mj->cancel($task);
        self::assertSame(1, $this->mj('task', $task->id, '--wait'));
        self::assertStringContainsString('cancelled', $this->out);
        self::assertSame(0, $this->mj('task', $task->id), 'looking at it did not fail');
    }

    public function testCancel(): void
    {
        $this->mj->will(Outcome::stuck());
        $task = $this->mj->imagine('a cat');
        self::assertSame(0, $this->mj('cancel', $task->id));
        $this->mj->assertCancelled($task);
        $done = $this->mj->wait($this->mj->imagine('a dog'));
        self::assertSame(1, $this->mj('cancel', $done->id));
        self::assertSame("$done->id had ended before.\n", $this->out);
        self::assertSame(1, $this->mj('cancel', $done->id, '--json'));
        self::assertSame($done->id, $this->json()['id']);
    }

    public function testDownload(): void
    {
        $task = $this->mj->wait($this->mj->imagine('a cat'));
        $directory = $this->directory() . '/new';
        self::assertSame(0, $this->mj('download', $task->id, $directory, '--cells=1,3'));
        self::assertSame("$directory/$task->id-1.png\n$directory/$task->id-3.png\n", $this->out);
        self::assertSame(0, $this->mj('download', $task->id, $directory, '--split', '--json'));
        self::assertCount(4, $this->json()['files']);
        self::assertSame(2, $this->mj('download', $this->mj->imagine('a dog')->id, $directory));
        self::assertStringContainsString('no pictures', $this->err);
    }

    public function testThePreviewOfATaskAtWorkIsSaved(): void
    {
        $directory = $this->directory() . '/previews';
        $this->mj->will(Outcome::stuck(35));
        $task = $this->mj->imagine('a cat');
        self::assertSame(1, $this->mj('download', $task->id, $directory, '--preview'));
        self::assertStringContainsString('the task shows no preview: it is NOT_START, 0 %', $this->err);
        $this->mj->wait($task, 5.0);
        self::assertSame(0, $this->mj('download', $task->id, $directory, '--preview'), $this->err);
        self::assertSame("$directory/$task->id-preview.webp\n", $this->out);
        self::assertFileExists(trim($this->out));
        self::assertSame(2, $this->mj('download', $task->id, $directory, '--preview', '--split'));
        self::assertStringContainsString('--split: cuts finished grids only: leave out --preview', $this->err);
    }

    public function testWatchFollowsTasksToTheirEnds(): void
    {
        $one = $this->mj->imagine('a cat');
        $two = $this->mj->imagine('a dog');
        self::assertSame(0, $this->mj('watch', $one->id, $two->id));
        foreach ([$one, $two] as $task) {
            self::assertStringContainsString("$task->id  imagine  done, 100 %\n", $this->out);
        }
        $this->mj->will(Outcome::failure('BANNED_PROMPT'), Outcome::stuck());
        self::assertSame(1, $this->mj('watch', $this->mj->imagine('bad')->id, '--json'));
        $lines = array_map(static fn (string $line): array => json_decode($line, true), explode("\n", trim($this->out)));
        self::assertSame('FAILURE', end($lines)['status']);
        $revisions = array_column($lines, 'revision');
        self::assertSame($revisions, array_unique($revisions), 'a line for each change');
        self::assertSame(4, $this->mj('watch', $this->mj->imagine('stuck')->id, '--timeout=0.1'));
    }

    public function testWatchOfAllHasOnlyWhatChangesFromNowOn(): void
    {
        $old = $this->mj->wait($this->mj->imagine('an old one'));
        $running = $this->mj->imagine('one that runs');
        self::assertSame(0, $this->mj('watch', '--timeout=0.2'));
        self::assertStringNotContainsString($old->id, $this->out);
        self::assertStringContainsString("$running->id  imagine  done, 100 %\n", $this->out);
    }

    public function testWatchIsATableInATerminal(): void
    {
        $task = $this->mj->imagine('a cat');
        self::assertSame(0, $this->live(['watch', $task->id]));
        self::assertMatchesRegularExpression("/$task->id .*100 % .*a cat/", $this->out);
        self::assertStringContainsString("\e[0J", $this->out, 'it is written over');
    }

    public function testStatusAndMetrics(): void
    {
        $this->mj->wait($this->mj->imagine('a cat'));
        self::assertSame(0, $this->mj('status'));
        self::assertMatchesRegularExpression('/^queue +0 wait, 0 run; 1 done, 0 failed, 0 cancelled$/m', $this->out);
        self::assertSame(0, $this->mj('status', '--json'));
        self::assertSame($this->mj->status(), $this->json());
        self::assertSame(0, $this->mj('metrics'));
        self::assertSame($this->mj->metrics(), $this->out);
        $this->mj('metrics', '--json');
        self::assertSame(['metrics' => $this->mj->metrics()], $this->json());
    }

    public function testTheDoctorsFindingsMakeTheExitCode(): void
    {
        self::assertSame(0, $this->mj('doctor'));
        $this->mj->willFind('api.tls', 'failed', 'the <b>certificate</b> has expired', 'Set the clock.');
        self::assertSame(5, $this->mj('doctor', '--lang=en'));
        self::assertStringContainsString("FAILED   api.tls: the <b>certificate</b> has expired\n         → Set the clock.\n", $this->out);
        self::assertSame(5, $this->mj('doctor', '--json', '--no-network'));
        self::assertFalse($this->json()['ok']);
    }

    public function testQuietSaysNothing(): void
    {
        self::assertSame(0, $this->mj('imagine', 'a cat', '--quiet'));
        self::assertSame(['', ''], [$this->out, $this->err]);
    }
}
