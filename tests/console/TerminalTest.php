<?php

declare(strict_types=1);

namespace Mj\Tests\Console;

use Mj\Tests\Process\Until;
use Mj\Tests\Simulator\ForwardProxy;
use PHPUnit\Framework\TestCase;

/** Real processes on a real pseudo-terminal, against the simulator. */
final class TerminalTest extends TestCase
{
    private static ?Typed $mj = null;

    public static function setUpBeforeClass(): void
    {
        self::$mj = new Typed();
    }

    public static function tearDownAfterClass(): void
    {
        self::$mj = null;
    }

    public function testImagineMovesShowsThePictureAndSavesIt(): void
    {
        $mj = self::mj();
        $directory = $mj->directory() . '/pictures';
        $code = $mj->terminal(['imagine', 'a lighthouse', '--ar', '3:2', "--download=$directory"], [], ['TERM' => 'xterm-kitty']);
        self::assertSame(0, $code, $mj->output);

        self::assertMatchesRegularExpression('/^(\e\[[\d;?]*[Stcm])*[0-9A-Z]{26}/', $mj->output, 'the id comes first');
        preg_match('/[0-9A-Z]{26}/', $mj->output, $id);
        preg_match_all('/ (\d+) %/', $mj->output, $steps);
        $progress = array_map('intval', $steps[1]);
        $sorted = $progress;
        sort($sorted);
        self::assertSame($sorted, $progress, 'it moves forward');
        self::assertGreaterThan(2, count(array_unique($progress)));
        self::assertSame(100, end($progress));

        $pictures = Pixels::ofKitty($mj->output);
        self::assertGreaterThan(1, count($pictures), 'a half-done one, then the finished one');
        foreach ($pictures as $picture) {
            $size = getimagesizefromstring($picture);
            self::assertSame('image/png', $size['mime']);
            self::assertEqualsWithDelta(1.5, $size[0] / $size[1], 0.01);
        }
        self::assertSame(["$directory/$id[0].png"], glob("$directory/*"));
        self::assertStringContainsString("$directory/$id[0].png\n", $mj->output);
        foreach (['U1', 'U4', 'reroll', 'V1', 'V4'] as $button) {
            self::assertStringContainsString(" $button ", $mj->output);
        }
    }

    /** The way to the pictures is known to a SOCKS proxy with a password, and to nobody else. */
    public function testHalfDonePicturesComeThroughTheProxy(): void
    {
        $mj = new Typed(['--speed', '20', '--discord-hosts']);
        $proxy = new ForwardProxy('socks5h');
        $port = parse_url($mj->simulator->says['cdn_url'], PHP_URL_PORT);
        $places = ['MJ_PROXY' => $proxy->url(), 'MJ_CDN_URL' => "http://pictures.mj.invalid:$port"];
        $steps = [['see' => '\x1b_G.*?\x1b\\\\', 'send' => "\x03"]];
        self::assertSame(130, $mj->terminal(['imagine', 'a lighthouse simulate:stall'], $steps, ['TERM' => 'xterm-kitty'] + $places), $mj->output);
        self::assertNotSame([], Pixels::ofKitty($mj->output));
        self::assertContains("pictures.mj.invalid:$port", $proxy->targets());
    }

    public function testATerminalThatSaysSoGetsSixelsAndStaysAsItWas(): void
    {
        $mj = self::mj();
        $steps = [['see' => '\x1b\[c', 'send' => "\e[?1;0;64S\e[6;20;10t\e[?62;4c"]];
        self::assertSame(0, $mj->terminal(['imagine', 'a cat'], $steps), $mj->output);
        self::assertStringNotContainsString('?62;4c', $mj->output, 'the answer is read, not shown');
        $pixels = Pixels::ofSixel($mj->output);
        self::assertEqualsWithDelta(1.0, $pixels->width / $pixels->height, 0.06);
        self::assertGreaterThan(200, $pixels->width);
        self::assertLessThanOrEqual(64, preg_match_all('/#\d+;2;/', (string) preg_replace('/^.*?(\eP.*?\e\\\\).*$/s', '$1', $mj->output)));
    }

    public function testWithoutColourThereAreLinesAndNoPicture(): void
    {
        $mj = self::mj();
        self::assertSame(0, $mj->terminal(['imagine', 'a cat'], [], ['TERM' => 'xterm-kitty', 'NO_COLOR' => '1']));
        self::assertStringNotContainsString("\e", $mj->output);
        self::assertMatchesRegularExpression('/^[0-9A-Z]{26}  drawing, \d+ %$/m', $mj->output);
    }

    public function testAPipeGetsNeitherColourNorPicture(): void
    {
        $mj = self::mj();
        self::assertSame(0, $mj->pipe('imagine', 'a cat', '--pictures=kitty'), $mj->errors);
        self::assertStringNotContainsString("\e", $mj->output);
        self::assertStringContainsString("[U1] [U2]", $mj->output);
        self::assertSame('', $mj->errors);
    }

    public function testAfterCtrlCTheTaskGoesOnAndIsFoundAgain(): void
    {
        $mj = self::mj();
        $steps = [['see' => ' [1-9]\d* %', 'send' => "\x03"]];
        self::assertSame(130, $mj->terminal(['imagine', 'a dog simulate:stall'], $steps), $mj->output);
        self::assertSame(1, preg_match('/Interrupted\. The task goes on; look at it again with\n +\S*mj task ([0-9A-Z]{26}) --wait/', $mj->output, $found), $mj->output);
        $mj->simulator->control('release');
        self::assertSame(0, $mj->pipe('task', $found[1], '--wait', '--json'), $mj->errors);
        self::assertSame(['SUCCESS', 'a dog simulate:stall'], [json_decode($mj->output, true)['status'], json_decode($mj->output, true)['prompt']]);
    }

    public function testAnotherSizeOfTheTerminalIsSeen(): void
    {
        $mj = self::mj();
        $prompt = 'a lighthouse on a cliff at dusk, with ships, gulls and clouds far beyond simulate:stall';
        $steps = [['see' => ' [1-9]\d* %', 'columns' => 50], ['see' => '(.*?\x1b\[2K){4}', 'send' => "\x03"]];
        self::assertSame(130, $mj->terminal(['imagine', $prompt, '--pictures=none'], $steps), $mj->output);
        $bars = self::lines((string) preg_replace('/Interrupted.*$/s', '', $mj->output));
        self::assertLessThanOrEqual(50, mb_strwidth(end($bars)), end($bars));
        self::assertGreaterThan(50, max(array_map('mb_strwidth', $bars)), 'before it was wider');

        // Until it is written anew after the change.
        $steps = [['see' => 'a lighthouse on', 'columns' => 50], ['see' => '\x1b\[0J.*?\x1b\[0J.*?\n.*?\n', 'send' => "\x03"]];
        self::assertSame(130, $mj->terminal(['watch'], $steps, ['TERM' => 'xterm']), $mj->output);
        $drawn = explode("\e[0J", $mj->output);
        foreach (self::lines(end($drawn)) as $line) {
            self::assertLessThanOrEqual(50, mb_strwidth(rtrim($line)), $line);
        }
        $mj->simulator->control('release');
    }

    /** @return list<string> what was written, line by line, without what a terminal obeys */
    private static function lines(string $output): array
    {
        $plain = (string) preg_replace('/\e\[[\d;?]*[A-Za-z]/', "\r", (string) preg_replace('/\e\[[\d;]*m/', '', $output));

        return preg_split('/[\r\n]+/', $plain, -1, PREG_SPLIT_NO_EMPTY) ?: [];
    }

    public function testAWatchEndsWithItsReader(): void
    {
        $mj = self::mj();
        [$watch, $output] = $mj->start('watch', '--json', '--timeout=60');
        self::assertSame(0, $mj->pipe('imagine', 'a first cat'), $mj->errors);
        self::assertIsString(fgets($output));
        fclose($output);
        self::assertSame(0, $mj->pipe('imagine', 'a second cat'), $mj->errors);
        Until::true(static fn (): bool => !($status = proc_get_status($watch))['running'] && self::assertEnded($status), 50.0);
    }

    /** @param array{signaled: bool, exitcode: int} $status */
    private static function assertEnded(array $status): bool
    {
        self::assertSame([false, 0], [$status['signaled'], $status['exitcode']]);

        return true;
    }

    public function testSigtermAndJsonKeepTheTaskToo(): void
    {
        $mj = self::mj();
        $steps = [['see' => '"submitted":"[0-9A-Z]{26}"', 'signal' => SIGTERM]];
        self::assertSame(143, $mj->terminal(['imagine', 'a bird', '--json'], $steps), $mj->output);
        [$submitted, $task] = array_map(static fn (string $line): array => json_decode($line, true), explode("\n", trim($mj->output)));
        self::assertSame($submitted['submitted'], $task['id']);
        self::assertNull($task['finished_at']);
    }

    public function testATimeOutLosesNothing(): void
    {
        $mj = self::mj();
        self::assertSame(4, $mj->terminal(['imagine', 'a fish', '--timeout=0.05']), $mj->output);
        self::assertStringContainsString('The task goes on', $mj->output);
        preg_match('/mj task ([0-9A-Z]{26}) --wait/', $mj->output, $found);
        self::assertSame(0, $mj->terminal(['task', $found[1], '--wait']), $mj->output);
    }

    public function testAnOwnerThatIsGoneHasNoConnections(): void
    {
        $mj = self::mj();
        self::assertSame(0, $mj->pipe('imagine', 'a horse'), $mj->errors);
        self::assertSame(0, $mj->pipe('status'), $mj->errors);
        self::assertMatchesRegularExpression('/^owner +process \d+ is gone/m', $mj->output);
        self::assertDoesNotMatchRegularExpression('/^gateway/m', $mj->output);
    }

    public function testARefusedPromptSaysWhyAndEndsWith1(): void
    {
        $mj = self::mj();
        self::assertSame(1, $mj->pipe('imagine', 'simulate:banned', '--json'));
        $task = json_decode($mj->output, true);
        self::assertSame(['FAILURE', 'BANNED_PROMPT'], [$task['status'], $task['fail_code']]);
        self::assertSame(1, $mj->terminal(['imagine', 'simulate:banned']));
        self::assertMatchesRegularExpression('/failed, BANNED_PROMPT/', $mj->output);
    }

    public function testButtonsThenAnotherPicture(): void
    {
        $mj = new Typed(['--speed', '100']);
        self::assertSame(0, $mj->pipe('imagine', 'a tree', '--json'), $mj->errors);
        $grid = json_decode($mj->output, true)['id'];
        self::assertSame(0, $mj->pipe('upscale', $grid, '2', '--json'), $mj->errors);
        $single = json_decode($mj->output, true);
        self::assertSame([$grid, 'UPSCALE'], [$single['parent_id'], $single['action']]);
        foreach ([['vary', $single['id'], 'subtle'], ['zoom', $single['id']], ['pan', $single['id'], 'left'], ['reroll', $grid]] as $command) {
            self::assertSame(0, $mj->pipe(...[...$command, '--json']), implode(' ', $command) . $mj->errors);
        }
        self::assertSame(2, $mj->pipe('upscale', $single['id'], '2'));
        self::assertStringContainsString('upscale_subtle', $mj->errors);
        $mj->pipe('tasks', "--parent={$single['id']}", '--json');
        self::assertCount(3, json_decode($mj->output, true)['tasks']);
    }

    public function testWatchIsATableThatMoves(): void
    {
        $mj = self::mj();
        $mj->pipe('imagine', 'a house', '--no-wait');
        $id = trim($mj->output);
        self::assertSame(0, $mj->terminal(['watch', $id]), $mj->output);
        self::assertMatchesRegularExpression("/$id .*done.* 100 %/", $mj->output);
        self::assertGreaterThan(1, substr_count($mj->output, $id), 'it was written over');
    }

    public function testWatchOfAllSeesWhatOthersSubmit(): void
    {
        $mj = self::mj();
        [$watch, $lines] = $mj->start('watch', '--json', '--timeout=60');
        // It has begun when it shows what is submitted; before that nothing is lost to it that was running.
        $mj->pipe('imagine', 'a boat', '--no-wait');
        $id = trim($mj->output);
        $last = null;
        while ($last !== 'SUCCESS' && ($line = fgets($lines)) !== false) {
            $task = json_decode($line, true);
            $last = $task['id'] === $id ? $task['status'] : $last;
        }
        self::assertSame('SUCCESS', $last);
        proc_terminate($watch, SIGINT);
        stream_get_contents($lines);
        self::assertSame(130, proc_close($watch));
    }

    public function testInTheBackgroundTheTerminalIsNotAsked(): void
    {
        $mj = self::mj();
        // With job control a job in the background is stopped when it sets the terminal's mode.
        $line = 'set -m; ' . implode(' ', array_map('escapeshellarg', [...$mj->command(), 'imagine', 'a cat'])) . ' & wait $!';
        self::assertSame(0, $mj->terminal(['bash', '-c', $line], [], [], true), $mj->output);
        self::assertStringNotContainsString("\e[c", $mj->output);
        self::assertStringContainsString(' 100 %  ', $mj->output);
    }

    public function testAPanelsPhpMayLackWhatStartsProgramsAndHearsSignals(): void
    {
        $mj = self::mj();
        [$php, $more] = [array_slice($mj->command(), 0, 1), array_slice($mj->command(), 1)];
        $disabled = 'disable_functions=proc_open,shell_exec,exec,passthru,system,popen,putenv,pcntl_signal,pcntl_async_signals,pcntl_signal_get_handler';
        self::assertSame(0, $mj->terminal([...$php, '-d', $disabled, ...$more, 'imagine', 'a cat'], [], ['TERM' => 'xterm-kitty'], true), $mj->output);
        self::assertNotSame([], Pixels::ofKitty($mj->output));
        self::assertSame(1, $mj->run([...$php, '-d', $disabled, ...$more, 'imagine', 'a cat', '--open', '--download=' . $mj->directory()], $mj->environment()));
        self::assertStringContainsString('nothing here opens pictures', $mj->errors);
    }

    public function testServeEndsCleanly(): void
    {
        $mj = self::mj();
        foreach ([SIGTERM, SIGINT] as $signal) {
            [$serve, $lines] = $mj->start('serve');
            do {
                $line = (string) fgets($lines);
            } while ($line !== '' && !str_contains($line, 'live'));
            self::assertStringContainsString('owner, gateway:', $line);
            proc_terminate($serve, $signal);
            self::assertStringContainsString('ended', (string) stream_get_contents($lines));
            self::assertSame(0, proc_close($serve));
        }
        self::assertSame(0, $mj->pipe('serve', '--seconds=0.2', '--json'), $mj->errors);
        self::assertArrayHasKey('owner', json_decode($mj->output, true));
    }

    public function testDoctorAndMetricsAreTheExtensions(): void
    {
        $mj = self::mj();
        self::assertSame(0, $mj->pipe('doctor', '--lang=zh', '--no-network'), $mj->output);
        self::assertStringContainsString('PHP 版本', $mj->output);
        self::assertSame(5, $mj->run([...$mj->command(), 'doctor', '--no-network', '--lang=en'], ['MJ_CHANNEL_ID' => 'nonsense'] + $mj->environment()));
        self::assertStringContainsString('FAILED', $mj->output);
        self::assertSame(0, $mj->pipe('metrics'));
        self::assertStringContainsString('# TYPE mj_', $mj->output);
    }

    private static function mj(): Typed
    {
        return self::$mj ?? throw new \LogicException('there is no simulator');
    }
}
