<?php

declare(strict_types=1);

namespace Mj\Tests\Console;

use Mj\Console\ExitCode;
use Mj\Console\Picture\Bitmap;
use Mj\Console\Picture\Box;
use Mj\Console\Picture\ITerm;
use Mj\Console\Picture\Kitty;
use Mj\Console\Picture\Sixel;
use Mj\Testing\Outcome;
use Mj\Tests\Process\Until;
use Mj\Tests\Simulator\Png;

/** The encoders, decoded back, and pictures among the lines of a command. */
final class PicturesTest extends ConsoleTestCase
{
    public function testKittyGetsThePngInChunks(): void
    {
        $png = self::noise(64, 48);
        self::assertGreaterThan(8192, strlen(base64_encode($png)), 'three chunks');
        $drawn = (string) (new Kitty(7))->draw($png, new Box(20, 8));
        preg_match_all('/\e_G([^;]*);([^\e]*)\e\\\\/', $drawn, $chunks, PREG_SET_ORDER);
        self::assertSame($drawn, implode('', array_column($chunks, 0)), 'nothing beside the chunks');
        self::assertSame($png, Pixels::ofKitty($drawn)[0]);
        self::assertSame('a=T,f=100,t=d,q=2,C=1,i=7,p=1,c=20,r=8,m=1', $chunks[0][1]);
        foreach ($chunks as $number => $chunk) {
            self::assertLessThanOrEqual(4096, strlen($chunk[2]));
            self::assertStringEndsWith($number === count($chunks) - 1 ? 'm=0' : 'm=1', $chunk[1]);
        }
        self::assertStringContainsString('i=7', (new Kitty(7))->forget());
    }

    public function testKittyGetsNothingElse(): void
    {
        foreach (['no picture', 'GIF89a', "RIFF\0\0\0\0WEBP", ''] as $bytes) {
            self::assertNull((new Kitty(1))->draw($bytes, new Box(10, 5)));
        }
    }

    public function testITermGetsTheFileAsItIs(): void
    {
        $png = self::noise(64, 48);
        $drawn = (string) (new ITerm())->draw($png, new Box(20, 8));
        self::assertSame(1, preg_match('/^\e\]1337;File=inline=1;size=(\d+);width=20;height=8;preserveAspectRatio=1:([A-Za-z0-9+\/=]+)\x07$/D', $drawn, $found));
        self::assertSame([$png, (string) strlen($png)], [base64_decode($found[2], true), $found[1]]);
    }

    public function testSixelsAreThePicture(): void
    {
        // Few colours and no need to scale: every point must be the one that was drawn.
        $image = imagecreatetruecolor(45, 40);
        foreach ([[0, 0, 0xff0000], [20, 5, 0x00ff00], [7, 23, 0x0000ff], [30, 30, 0xffffff], [0, 37, 0x333333]] as [$x, $y, $colour]) {
            imagefilledrectangle($image, $x, $y, $x + 12, $y + 9, $colour);
            imagesetpixel($image, 44 - $x, 39 - $y, $colour);
        }
        ob_start();
        imagepng($image);
        $sixel = (string) (new Sixel())->draw((string) ob_get_clean(), new Box(9, 8, 5, 5));
        $pixels = Pixels::ofSixel($sixel);
        self::assertSame([45, 40], [$pixels->width, $pixels->height]);
        for ($y = 0; $y < 40; ++$y) {
            for ($x = 0; $x < 45; ++$x) {
                self::assertTrue(self::near(imagecolorat($image, $x, $y), $pixels->at($x, $y), 3), "at $x, $y");
            }
        }
    }

    public function testSixelsHaveNoMoreColoursThanTheTerminal(): void
    {
        foreach ([2, 16, 256] as $colours) {
            $sixel = (string) (new Sixel($colours))->draw(self::noise(60, 36), new Box(6, 3, 10, 12));
            self::assertLessThanOrEqual($colours, preg_match_all('/#\d+;2;/', $sixel));
            self::assertGreaterThan(1, preg_match_all('/#\d+;2;/', $sixel));
        }
        self::assertNull((new Sixel())->draw('no picture', new Box(6, 3)));
    }

    public function testSixelsAgreeWithAnotherDecoder(): void
    {
        exec('command -v convert', $found, $code);
        if ($code !== 0) {
            self::markTestSkipped('ImageMagick is not installed');
        }
        $file = $this->directory() . '/picture';
        $png = self::gradient(120, 60);
        file_put_contents("$file.six", (new Sixel())->draw($png, new Box(12, 3, 10, 20)));
        exec('convert ' . escapeshellarg("sixel:$file.six") . ' ' . escapeshellarg("$file.png"), $lines, $code);
        self::assertSame(0, $code);
        [$wanted, $seen] = [imagecreatefromstring($png), imagecreatefrompng("$file.png")];
        imagepalettetotruecolor($seen);
        self::assertSame([120, 60], [imagesx($seen), imagesy($seen)]);
        $off = 0;
        for ($x = 0; $x < 120; $x += 3) {
            for ($y = 0; $y < 60; $y += 3) {
                $off += self::near(imagecolorat($wanted, $x, $y), imagecolorat($seen, $x, $y), 24) ? 0 : 1;
            }
        }
        self::assertLessThan(8, $off, 'of 800 points looked at');
    }

    public function testWhatIsTooLargeIsNotDecoded(): void
    {
        self::assertNull(Bitmap::scaled(Png::head(50_000, 50_000), 10, 10));
        self::assertNull((new Box(10, 10))->around('no picture'));
    }

    public function testABoxHasTheShapeOfThePicture(): void
    {
        $shapes = [];
        foreach ([[100, 100], [300, 100], [100, 300], [1, 1000]] as [$width, $height]) {
            $box = (new Box(60, 20, 10, 20))->around(Png::coloured(1, $width, $height));
            $shapes[] = [$box->columns, $box->rows];
        }
        self::assertSame([[40, 20], [60, 10], [13, 20], [1, 20]], $shapes);
    }

    public function testATerminalShowsTheFinishedPictureAboveTheLines(): void
    {
        self::assertSame(0, $this->live(['imagine', 'a cat'], ['KITTY_WINDOW_ID' => '1', 'LANG' => 'C.UTF-8']), $this->err);
        $id = $this->mj->tasks()->tasks()[0]->id;
        self::assertStringContainsString("$id", strstr($this->out, "\e_G", true), 'the id comes first');
        self::assertSame([\Mj\Testing\Internal\Picture::PNG], Pixels::ofKitty($this->out));
        self::assertMatchesRegularExpression('/░.* 35 %  drawing · \d+ s · main/u', $this->out);
        self::assertStringContainsString(' 100 %  ', $this->out);
        self::assertStringContainsString(' U1 ', strstr($this->out, "\e_G"));
        self::assertStringContainsString("mj upscale $id 2", $this->out);
        // As many rows up as down, and one for the empty line.
        self::assertMatchesRegularExpression('/\n{11}\e\[11A\r\e7\e_G[^;]*,c=20,r=10,.*\e8\e\[11B\r/s', $this->out);
    }

    /** @return array<string, array{list<string>, array<string, string>, string}> */
    public function terminals(): array
    {
        $sixel = "\e[?63;1;2;4;6c";

        return [
            'kitty' => [[], ['TERM' => 'xterm-kitty'], 'kitty'],
            'Ghostty' => [[], ['TERM_PROGRAM' => 'ghostty'], 'kitty'],
            'iTerm2' => [[], ['TERM_PROGRAM' => 'iTerm.app'], 'iterm'],
            'iTerm2 by ssh' => [[], ['LC_TERMINAL' => 'iTerm2'], 'iterm'],
            'WezTerm' => [[], ['TERM_PROGRAM' => 'WezTerm'], 'iterm'],
            'xterm with sixels' => [[], ['TERM' => 'xterm', 'answers' => $sixel], 'sixel'],
            'xterm without' => [[], ['TERM' => 'xterm', 'answers' => "\e[?63;1;2;6c"], ''],
            'one that does not answer' => [[], ['TERM' => 'xterm'], ''],
            'tmux within kitty' => [[], ['TERM' => 'tmux-256color', 'TMUX' => '/tmp/x', 'KITTY_WINDOW_ID' => '1'], ''],
            'tmux with sixels' => [[], ['TMUX' => '/tmp/x', 'answers' => $sixel], 'sixel'],
            'a dumb one' => [[], ['TERM' => 'dumb', 'answers' => $sixel], ''],
            'asked for' => [['--pictures=iterm'], ['TERM' => 'dumb'], 'iterm'],
            'not wanted' => [['--pictures=none'], ['TERM' => 'xterm-kitty'], ''],
        ];
    }

    /**
     * @dataProvider terminals
     *
     * @param list<string>          $options
     * @param array<string, string> $environment
     */
    public function testTerminalsGetThePicturesThatTheyKnow(array $options, array $environment, string $wanted): void
    {
        self::assertSame(0, $this->live(['imagine', 'a cat', ...$options], $environment, $environment['answers'] ?? ''));
        $seen = array_keys(array_filter([
            'kitty' => str_contains($this->out, "\e_G"),
            'iterm' => str_contains($this->out, "\e]1337;"),
            'sixel' => str_contains($this->out, "\eP0;1;0q"),
        ]));
        self::assertSame($wanted === '' ? [] : [$wanted], $seen);
    }

    public function testWhatIsNoTerminalGetsNoPicture(): void
    {
        foreach (['auto', 'kitty', 'iterm', 'sixel'] as $pictures) {
            self::assertSame(0, $this->mj('imagine', 'a cat', "--pictures=$pictures"));
            self::assertStringNotContainsString("\e", $this->out);
        }
    }

    public function testAPictureThatCannotBeFetchedIsNoError(): void
    {
        $this->mj->will(Outcome::success()->withImages()->withProgress(0));
        self::assertSame(0, $this->live(['imagine', 'a cat'], ['TERM' => 'xterm-kitty']));
        self::assertStringNotContainsString("\e_G", $this->out);
        self::assertNothingIsLeftBehind();
    }

    public function testAHalfDonePictureIsShownOnTheWay(): void
    {
        $this->mj->will(Outcome::stuck(35));
        self::assertSame(ExitCode::TIMEOUT, $this->live(['imagine', 'a cat', '--timeout=1'], ['TERM' => 'xterm-kitty']));
        self::assertSame([\Mj\Testing\Internal\Picture::PNG], Pixels::ofKitty($this->out));
        self::assertMatchesRegularExpression('/\e_G.* 35 %/s', $this->out);
        self::assertNothingIsLeftBehind();
    }

    /** Directories of other processes at work come and go; one that was left behind stays. */
    private static function assertNothingIsLeftBehind(): void
    {
        $seen = glob(sys_get_temp_dir() . '/mj-' . str_repeat('[0-9a-f]', 16)) ?: [];
        Until::true(static function () use ($seen): bool {
            clearstatcache();

            return array_filter($seen, 'is_dir') === [];
        }, 60.0);
    }

    private static function near(int $one, int $other, int $most): bool
    {
        foreach ([16, 8, 0] as $shift) {
            if (abs(($one >> $shift & 255) - ($other >> $shift & 255)) > $most) {
                return false;
            }
        }

        return true;
    }

    private static function noise(int $width, int $height): string
    {
        mt_srand(5);
        $image = imagecreatetruecolor($width, $height);
        for ($x = 0; $x < $width; ++$x) {
            for ($y = 0; $y < $height; ++$y) {
                imagesetpixel($image, $x, $y, mt_rand(0, 0xffffff));
            }
        }

        return self::png($image);
    }

    private static function gradient(int $width, int $height): string
    {
        $image = imagecreatetruecolor($width, $height);
        for ($x = 0; $x < $width; ++$x) {
            imageline($image, $x, 0, $x, $height, imagecolorallocate($image, intdiv($x * 255, $width), 128, 255 - intdiv($x * 255, $width)));
        }

        return self::png($image);
    }

    private static function png(\GdImage $image): string
    {
        ob_start();
        imagepng($image);

        return (string) ob_get_clean();
    }
}
