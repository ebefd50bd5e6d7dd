<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

use PHPUnit\Framework\TestCase;

/** Pictures that are not taken: addresses of inner networks, files that are none, bombs. Nothing of them is sent. */
final class RefusedPicturesTest extends TestCase
{
    use SharedHubs;

    /** Every call that takes a picture, with `$data` as one. */
    private const CALLS = <<<'PHP'
        $said = [];
        foreach ([
            "describe" => static fn () => mj_describe($data),
            "describe, fetched" => static fn () => mj_describe($data, ["upload" => true]),
            "blend" => static fn () => mj_blend(["https://example.org/a.png", $data]),
            "image" => static fn () => mj_imagine("a cat", ["images" => ["https://example.org/a.png", $data]]),
            "image, fetched" => static fn () => mj_imagine("a cat", ["images" => $data, "upload" => true]),
        ] as $name => $call) {
            try {
                $said[$name] = "taken as " . $call();
            } catch (ValueError $e) {
                $said[$name] = "ValueError: " . $e->getMessage();
            }
        }
        return $said;
        PHP;

    /** @return array<string, array{string, string}> address, and why it is not taken */
    public function addresses(): array
    {
        $private = 'lies in a private network';
        $form = 'must be an http or https address, the path of a file or a data: address';
        $addresses = [];
        foreach ([
            'http://127.0.0.1/a.png', 'http://127.1/a.png', 'http://2130706433/a.png', 'http://0x7f000001/a.png', 'http://0x7f.0.0.1/a.png',
            'http://0177.0.0.1/a.png', 'http://017700000001/a.png', 'http://127.0.0.1:8080/a.png', 'http://0/a.png', 'http://0.0.0.0/a.png',
            'http://10.0.0.1/a.png', 'http://172.16.0.1/a.png', 'http://192.168.1.1/a.png', 'http://100.64.0.1/a.png',
            'http://169.254.169.254/latest/meta-data/', 'http://0xa9fea9fe/', 'http://2852039166/', 'http://168.63.129.16/a.png', 'http://100.100.100.200/a.png',
            'http://[::1]/a.png', 'http://[::]/a.png', 'http://[::ffff:127.0.0.1]/a.png', 'http://[::ffff:a9fe:a9fe]/a.png', 'http://[fe80::1]/a.png',
            'http://[fd00:ec2::254]/a.png', 'http://[64:ff9b::7f00:1]/a.png', 'http://[2002:7f00:1::]/a.png',
            'http://localhost/a.png', 'http://LOCALHOST/a.png', 'http://localhost./a.png', 'http://a.localhost/a.png', 'http://printer.local/a.png',
            'http://metadata.google.internal/computeMetadata/v1/', 'http://intranet/a.png', 'http://router.home.arpa/a.png',
            'http://224.0.0.1/a.png', 'http://255.255.255.255/a.png', "http://\u{2460}27.0.0.1/a.png", 'http://127%2e0%2e0%2e1/a.png',
        ] as $address) {
            $addresses[$address] = [$address, $private];
        }
        foreach (['ftp://example.org/a.png', 'gopher://example.org/', 'php://filter/resource=/etc/passwd', 'phar://a.phar/a.png', 'compress.zlib:///etc/hosts', 'javascript://a', 'dict://example.org:11211/'] as $address) {
            $addresses[$address] = [$address, $form];
        }

        return $addresses + [
            'password' => ['https://somebody:secret@example.org/a.png', 'carries a user name or password'],
            'user name' => ['https://somebody@example.org/a.png', 'carries a user name or password'],
            'host behind a name' => ['http://example.org@127.0.0.1/a.png', 'carries a user name or password'],
            'no host' => ['http:///', 'is no address that can be read'],
            'spaces' => ['https://example.org/a picture.png', 'without spaces'],
            'very long' => ['https://example.org/' . str_repeat('a', 2048), 'at most 2048 bytes'],
        ];
    }

    /** @dataProvider addresses */
    public function testInnerAndOddAddressesAreRefusedAtOnce(string $address, string $why): void
    {
        $said = self::hub('user')->run(self::CALLS, $address);
        self::assertCount(5, $said);
        foreach ($said as $call => $message) {
            self::assertStringContainsString($why, $message, $call);
            self::assertStringStartsWith('ValueError: ', $message);
            // An address may be a secret.
            self::assertStringNotContainsString('secret', $message);
        }
    }

    public function testNothingWasSentForThem(): void
    {
        $hub = self::hub('user');
        $kept = static fn () => $hub->run('return count(glob(ini_get("mj.state_dir") . "/uploads/*"));');
        $before = [count($hub->simulator->record()['interactions']), $kept()];
        $hub->run(self::CALLS, 'http://127.0.0.1/a.png');
        self::assertSame($before, [count($hub->simulator->record()['interactions']), $kept()]);
        self::assertSame([], $hub->call('mj_tasks')['tasks']);
    }

    /** @return array<string, array{string, string}> bytes, and why they are not taken */
    public function bytes(): array
    {
        return [
            'empty' => ['', 'is empty'],
            'text' => ['<html>no such page</html>', 'is no PNG, JPEG, WebP or GIF picture'],
            'SVG' => ['<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>', 'is no PNG, JPEG, WebP or GIF picture'],
            'half a head' => [substr(Png::coloured(), 0, 14), 'is no PNG, JPEG, WebP or GIF picture'],
            'bomb' => [Png::head(60_000, 60_000), 'is 60000x60000: at most'],
            'long bomb' => [Png::head(100_000, 1), 'is 100000x1: at most'],
            'no pixels' => [Png::head(0, 0), 'is no PNG, JPEG, WebP or GIF picture'],
            'too large' => [str_pad(Png::coloured(), (10 << 20) + 1, "\0"), 'has more than 10485760 bytes'],
        ];
    }

    /** @dataProvider bytes */
    public function testBytesThatAreNoPictureAreRefused(string $bytes, string $why): void
    {
        $hub = self::hub('user');
        $file = Png::file($hub->directory(), $bytes);
        $said = $hub->run(self::CALLS, $file);
        $said += $hub->run(<<<'PHP'
            try {
                return ["data" => mj_describe("data:image/png;base64," . base64_encode(file_get_contents($data)))];
            } catch (ValueError $e) {
                return ["data" => $e->getMessage()];
            }
            PHP, $file);
        self::assertCount(6, $said);
        foreach ($said as $call => $message) {
            self::assertStringContainsString($why, $message, $call);
            self::assertStringNotContainsString($file, $message);
        }
    }

    public function testOnlyRegularFilesAreRead(): void
    {
        $hub = self::hub('user');
        $directory = $hub->directory();
        posix_mkfifo("$directory/fifo.png", 0600);
        symlink('/dev/zero', "$directory/zero.png");
        foreach ([
            "$directory/none.png" => 'there is no such file',
            "$directory/fifo.png" => 'is not a regular file',
            "$directory/zero.png" => 'is not a regular file',
            $directory => 'is not a regular file',
            '/dev/stdin' => 'is not a regular file',
            '/etc/passwd' => 'is no PNG, JPEG, WebP or GIF picture',
            "/etc/passwd\0.png" => 'must not have a NUL byte',
        ] as $path => $why) {
            foreach ($hub->run(self::CALLS, $path) as $call => $message) {
                self::assertStringContainsString($why, $message, "$call of $path");
            }
        }
    }

    /** @return array<string, array{string, string}> */
    public function broken(): array
    {
        $png = base64_encode(Png::coloured());
        $form = 'is no data: address of the form data:image/png;base64,';

        return [
            'no comma' => ['data:image/png;base64', $form],
            'no base64' => ['data:image/png;base64,@@@@', $form],
            'broken percent' => ['data:image/png,%4', $form],
            'nothing' => ['data:image/png;base64,', 'is empty'],
            'text' => ['data:text/html;base64,' . base64_encode('<p>a page</p>'), 'is no PNG, JPEG, WebP or GIF picture'],
            'another type' => ["data:image/jpeg;base64,$png", 'says image/jpeg and is image/png'],
        ];
    }

    /** @dataProvider broken */
    public function testBrokenDataAddressesAreRefused(string $address, string $why): void
    {
        foreach (self::hub('user')->run(self::CALLS, $address) as $call => $message) {
            self::assertStringContainsString($why, $message, $call);
        }
    }

    public function testOpenBasedirHolds(): void
    {
        // A process of its own: what is restricted stays so.
        $hub = new Hub(['gateway' => 'user'], owned: false);
        [$within, $without] = [$hub->directory(), $hub->directory()];
        $inner = Png::file($within, Png::coloured(50));
        $outer = Png::file($without, Png::coloured(51));
        symlink($outer, "$within/link.png");
        $said = $hub->run(<<<'PHP'
            ini_set("open_basedir", $data[0]);
            $said = [];
            foreach ($data[1] as $path) {
                try {
                    $said[] = mj_describe($path);
                } catch (ValueError $e) {
                    $said[] = $e->getMessage();
                }
            }
            return $said;
            PHP, [$within, [$inner, $outer, "$within/link.png", "$within/../" . basename($without) . '/picture.png']]);
        self::assertMatchesRegularExpression('/^[0-9A-Z]{26}$/', $said[0]);
        foreach ([1, 2, 3] as $number) {
            self::assertStringContainsString('lies outside of open_basedir', $said[$number]);
        }
    }

    public function testWhatOnlyTheFetchTellsIsTheTasksState(): void
    {
        $hub = self::hub('user');
        $base = $hub->simulator->says['cdn_url'];
        // A port that is not the web's, and a file that Discord does not have.
        foreach (['https://example.org:22/a.png' => 'ports', "$base/attachments/1/2/none.png" => '404'] as $address => $why) {
            $task = $hub->ended($hub->call('mj_describe', $address, ['upload' => true]));
            self::assertSame(['FAILURE', 'INVALID_IMAGE', false], [$task['status'], $task['fail_code'], $task['retryable']], (string) $task['fail_reason']);
            self::assertStringContainsString($why, $task['fail_reason']);
            self::assertStringNotContainsString('none.png', $task['fail_reason']);
        }
    }
}
