<?php

declare(strict_types=1);

namespace Mj\Tests\ChatMoney;

use Mj\ChatMoney\Connection;
use Mj\ChatMoney\Driver;
use Mj\ChatMoney\DriverException;
use Mj\QueueFullException;
use Mj\Testing\FakeMidjourney;
use Mj\Testing\Outcome;
use PHPUnit\Framework\TestCase;

/** The seam that ChatMoney calls: what becomes of its arrays, and of what is wrong with them. */
final class DriverTest extends TestCase
{
    private const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

    private FakeMidjourney $mj;

    protected function setUp(): void
    {
        $this->mj = new FakeMidjourney();
    }

    public function testAPromptGoesWithTheNextKeyOfThePool(): void
    {
        $keys = ['first-key', ' second-key '];
        $driver = $this->driver(static function () use (&$keys): string {
            return (string) array_shift($keys);
        });
        $answer = $driver->imagine(['prompt' => ' a cat --ar 3:2 ', 'image_base' => null, 'key' => 7]);
        $driver->imagine(['prompt' => 'a dog', 'image_base' => '']);

        self::assertSame(['task_id'], array_keys($answer));
        self::assertLessThanOrEqual(30, strlen($answer['task_id']));
        [$first, $second] = $this->mj->submissions();
        self::assertSame('a cat --ar 3:2', $first->subject());
        self::assertSame(['state' => 'chatmoney:generate:7', 'idempotency_key' => 'chatmoney:7', 'user_token' => 'first-key'], $first->options());
        self::assertSame(['state' => 'chatmoney:generate', 'user_token' => 'second-key'], $second->options());
        $this->expectExceptionObject(new DriverException('the key pool has no usable key'));
        $driver->imagine(['prompt' => 'a bird']);
    }

    public function testAButtonIsPressedByWhoMadeTheGrid(): void
    {
        $driver = $this->driver(static fn (): string => 'a-key');
        $grid = $driver->imagine(['prompt' => 'a cat'])['task_id'];
        $this->mj->wait($grid);
        $driver->imagineUv(['action' => 'upsample', 'index' => '2', 'task_id' => $grid]);
        $driver->imagineUv(['action' => 'variation', 'index' => 4, 'task_id' => $grid]);

        [, $upsample, $variation] = $this->mj->submissions();
        self::assertSame(['upscale2', $grid, ['state' => 'chatmoney:upsample2']], [$upsample->subject(), $upsample->parentId(), $upsample->options()]);
        self::assertSame(['variation4', ['state' => 'chatmoney:variation4']], [$variation->subject(), $variation->options()]);
    }

    public function testABaseImageMayBeWhatChatMoneyHas(): void
    {
        $public = sys_get_temp_dir() . '/mj-public-' . bin2hex(random_bytes(6));
        mkdir("$public/uploads", 0700, true);
        file_put_contents("$public/uploads/a.png", base64_decode(self::PNG, true));
        $driver = $this->driver(null, ['public' => $public]);
        $given = ['https://site.example/uploads/a.png', 'data:image/png;base64,' . self::PNG, self::PNG, 'uploads/a.png', '/uploads/a.png'];
        $this->mj->on(static fn (): Outcome => Outcome::success());
        try {
            foreach ($given as $image) {
                $driver->imagine(['prompt' => 'a cat', 'image_base' => $image]);
            }
            $images = array_map(static fn ($one) => $one->options()['images'][0], $this->mj->submissions());
            $file = realpath("$public/uploads/a.png");
            self::assertSame([$given[0], $given[1], $given[1], $file, $file], $images);
            foreach (['../../etc/passwd', '/etc/passwd', 'uploads', 'uploads/none.png', 'file:///etc/passwd', "uploads\0/a.png"] as $image) {
                self::assertRefused('image_base', static fn () => $driver->imagine(['prompt' => 'a cat', 'image_base' => $image]));
            }
        } finally {
            exec('rm -rf ' . escapeshellarg($public));
        }
    }

    public function testWhatIsWrongIsAnExceptionAndNoError(): void
    {
        $driver = $this->driver(static fn (): string => 'a-secret-key');
        $grid = $driver->imagine(['prompt' => 'a cat'])['task_id'];
        self::assertRefused('prompt', static fn () => $driver->imagine(['prompt' => '', 'image_base' => '']));
        self::assertRefused('prompt must be a text', static fn () => $driver->imagine(['prompt' => ['a']]));
        self::assertRefused('action must be', static fn () => $driver->imagineUv(['action' => 'zoom', 'index' => 1, 'task_id' => $grid]));
        self::assertRefused('index must be', static fn () => $driver->imagineUv(['action' => 'upsample', 'index' => 5, 'task_id' => $grid]));
        self::assertRefused('task_id is missing', static fn () => $driver->imagineUv(['action' => 'upsample', 'index' => 1]));
        self::assertRefused('', static fn () => $driver->imagineUv(['action' => 'upsample', 'index' => 1, 'task_id' => 'from the old daemon']));
        self::assertRefused('', static fn () => $driver->imagineUv(['action' => 'upsample', 'index' => 1, 'task_id' => $grid]), 'it has not ended');
        $this->mj->will(Outcome::throwing(new QueueFullException('too many tasks wait')));
        self::assertRefused('too many tasks wait', static fn () => $driver->imagine(['prompt' => 'a dog']));
    }

    public function testOnePriceIsOnePicture(): void
    {
        $driver = $this->driver(null);
        foreach (['a {red, blue, green} cat', 'a cat --repeat 40', 'a cat --r 2'] as $prompt) {
            self::assertRefused('one picture', static fn () => $driver->imagine(['prompt' => $prompt, 'image_base' => '']));
        }
        $this->mj->assertNothingSubmitted();
        $driver->imagine(['prompt' => 'a \{red, blue\} cat']);
        $id = $this->driver(null, ['several' => true])->imagine(['prompt' => 'a {red, blue} cat'])['task_id'];
        self::assertTrue($this->mj->poll($id)->isGroup());
    }

    /** @return array<string, array{callable(): mixed}> */
    public function emptyPools(): array
    {
        return [
            'null' => [static fn () => null], 'false' => [static fn () => false], 'blank' => [static fn () => ' '], 'a row' => [static fn () => ['key' => 'x']],
            'null where a string was promised' => [static fn (): string => (static fn () => null)()],
        ];
    }

    /** @dataProvider emptyPools */
    public function testAnEmptyPoolIsAnException(callable $pool): void
    {
        // An \Error would pass by what marks the record as failed and gives the money back.
        self::assertRefused('the key pool has no usable key', fn () => $this->driver($pool)->imagine(['prompt' => 'a cat']));
        $this->mj->assertNothingSubmitted();
    }

    public function testAPathThatPhpMayNotSeeIsRefusedWithoutSayingWhy(): void
    {
        $code = 'require $argv[1] . "/php/autoload.php"; array_map("class_exists", [Mj\ChatMoney\BaseImage::class, Mj\ChatMoney\DriverException::class]); '
            // As ThinkPHP has it.
            . 'set_error_handler(static fn($level, $says) => error_reporting() & $level ? throw new ErrorException($says) : false); '
            . 'ini_set("open_basedir", $argv[2]); '
            . 'try { Mj\ChatMoney\BaseImage::source("../../../../../etc/passwd", $argv[2]); } catch (Exception $e) { echo get_class($e), " ", $e->getMessage(); }';
        $public = sys_get_temp_dir() . '/mj-public-' . bin2hex(random_bytes(6));
        mkdir($public, 0700);
        exec(implode(' ', array_map('escapeshellarg', [PHP_BINARY, '-n', '-r', $code, '--', dirname(__DIR__, 2), $public])), $said);
        rmdir($public);
        self::assertStringStartsWith(DriverException::class . ' image_base must be', $said[0]);
    }

    public function testARequestThatPollsSeesProgress(): void
    {
        $this->mj->will(Outcome::success(), Outcome::failure('BANNED_PROMPT', 'banned'), Outcome::stuck(46));
        $driver = $this->driver(null);
        [$good, $bad, $stuck] = array_map(static fn (string $prompt): string => $driver->imagine(['prompt' => $prompt])['task_id'], ['one', 'two', 'three']);
        $first = $driver->look([$good])[$good];
        self::assertContains($first['record_status'], [0, 1]);
        foreach ([$good, $bad, $stuck] as $id) {
            $this->mj->wait($id, 600.0);
        }
        $look = $driver->look([$good, $bad, $stuck, 'not one of ours']);
        self::assertSame([$good, $bad, $stuck], array_keys($look));
        self::assertSame([3, 3, 100, 8, ''], [$look[$good]['record_status'], $look[$good]['task_status'], $look[$good]['progress'], count($look[$good]['able_actions']), $look[$good]['fail_reason']]);
        self::assertSame([2, 4, [], 'banned'], [$look[$bad]['record_status'], $look[$bad]['task_status'], $look[$bad]['able_actions'], $look[$bad]['fail_reason']]);
        self::assertSame([1, 2, 46], [$look[$stuck]['record_status'], $look[$stuck]['task_status'], $look[$stuck]['progress']]);
    }

    public function testWhatTheExtensionRefusesIsSaidInChatMoneysWords(): void
    {
        $driver = $this->driver(null);
        $wrong = [
            ['/^the prompt is empty/', ['prompt' => '']],
            ['/^the prompt has 7000 characters/', ['prompt' => str_repeat('a', 7000)]],
            ['/^image_base: lies in a private network/', ['prompt' => 'x', 'image_base' => 'http://10.0.0.1/a.png']],
            ['/^key: has /', ['prompt' => 'x', 'key' => str_repeat('k', 300)]],
        ];
        foreach ($wrong as [$says, $request]) {
            try {
                $driver->imagine($request);
                self::fail("nothing was thrown: $says");
            } catch (DriverException $thrown) {
                self::assertMatchesRegularExpression($says, $thrown->getMessage());
                self::assertDoesNotMatchRegularExpression('/Argument #|[$]/', $thrown->getMessage());
            }
        }
        self::assertRefused('task_id: ', static fn () => $driver->imagineUv(['action' => 'upsample', 'index' => 2, 'task_id' => 'none']));
    }

    public function testARecordThatHasNoTaskYetIsLeftOut(): void
    {
        $driver = $this->driver(null);
        $id = $driver->imagine(['prompt' => 'a cat'])['task_id'];
        self::assertSame([$id], array_keys($driver->look([null, $id, ''])));
    }

    public function testASiteOrAPrefixThatCannotBeIsRefused(): void
    {
        foreach ([['site' => 'a b'], ['site' => ''], ['prefix' => 'la_`; DROP']] as $options) {
            try {
                $this->driver(null, $options);
                self::fail('nothing was thrown');
            } catch (\ValueError $thrown) {
                self::assertStringContainsString((string) array_key_first($options), $thrown->getMessage());
            }
        }
    }

    /** @param callable(): mixed $call */
    private static function assertRefused(string $message, callable $call, string $why = ''): void
    {
        try {
            $call();
            self::fail("nothing was thrown: $message$why");
        } catch (DriverException $thrown) {
            self::assertStringContainsString($message, $thrown->getMessage());
            self::assertStringNotContainsString('a-secret-key', (string) $thrown);
            self::assertNull($thrown->getPrevious(), 'whose trace may have a token');
        }
    }

    /**
     * @param (callable(): mixed)|null $token
     * @param array<string, mixed>      $options
     */
    private function driver(?callable $token, array $options = []): Driver
    {
        return new Driver($this->mj, $this->createStub(Connection::class), static fn (): bool => true, $token, $options);
    }
}
