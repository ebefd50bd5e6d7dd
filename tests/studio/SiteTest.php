<?php

declare(strict_types=1);

namespace Mj\Tests\Studio;

use Mj\Tests\Process\Nginx;
use Mj\Tests\Process\Simulator;
use Mj\Tests\Process\Until;
use Mj\Tests\Simulator\ForwardProxy;
use PHPUnit\Framework\TestCase;

/** The whole way: nginx with php/studio/nginx.conf, php-fpm with two workers, the extension, the simulator. */
final class SiteTest extends TestCase
{
    private const SLICE = 3;

    private static ?Site $site = null;

    public static function setUpBeforeClass(): void
    {
        if (Nginx::binary() === null) {
            self::fail('nginx is not installed');
        }
        self::$site = new Site(2, ['SLICE' => (string) self::SLICE]);
        self::$site->enter();
    }

    public static function tearDownAfterClass(): void
    {
        self::$site = null;
    }

    public function testThePageAndAllThatItNamesAreThere(): void
    {
        [$status, $headers, $page] = self::$site->ask('');
        self::assertSame(200, $status, self::$site->log());
        self::assertStringContainsString("default-src 'none'", $headers['content-security-policy']);
        preg_match_all('~(?:href|src)="(v/[^"]+)"~', $page, $found);
        self::assertGreaterThan(20, count($found[1]));
        foreach ($found[1] as $address) {
            [$status, $headers, $body] = self::$site->ask($address);
            self::assertSame([200, 'nosniff'], [$status, $headers['x-content-type-options']], $address);
            self::assertStringContainsString('immutable', $headers['cache-control']);
            self::assertMatchesRegularExpression('~^(text/css|(text|application)/javascript|image/svg\+xml)~', $headers['content-type']);
            self::assertSame((string) file_get_contents(__DIR__ . '/../../php/studio/public/' . explode('/', $address, 3)[2]), $body);
        }
        // The address of another version, past or to come: whoever keeps this file under it would mix the two.
        [$status, $headers] = self::$site->ask('v/00000000/js/studio.js');
        self::assertSame([200, 'no-store'], [$status, $headers['cache-control']]);
        self::assertSame(404, self::$site->ask('v/00000000/js/nothing.js')[0]);
        self::assertSame(404, self::$site->ask('js/studio.js')[0], 'one address each');
        self::assertSame(404, self::$site->ask('index.php/x')[0]);
    }

    public function testProgressComesAsItHappensAndThePictureAtTheEnd(): void
    {
        $id = $this->imagined('a quiet harbour');
        $stream = self::$site->open("api/changes?tasks=$id.0");
        $begun = microtime(true);
        self::assertStringStartsWith('event: task', self::until($stream, 'event: '));
        self::assertLessThan((float) self::SLICE, microtime(true) - $begun, 'it came before the stream was over: nothing buffered it');
        fclose($stream);
        Until::true(fn (): bool => self::task($id)['status'] === 'SUCCESS', 30.0);
        [$status, $headers, $picture] = self::$site->ask("pictures/$id/0");
        self::assertSame([200, 'image/png'], [$status, $headers['content-type']]);
        self::assertStringStartsWith("\x89PNG", $picture);
        [$status, , $archive] = self::$site->ask("pictures.zip?tasks=$id&cells=1");
        self::assertSame([200, 'PK'], [$status, substr($archive, 0, 2)]);
    }

    /** Nobody but the proxy knows the way to Discord's pictures, and the half-done ones are there all the same. */
    public function testPreviewsComeThroughTheProxyOfTheHub(): void
    {
        $simulator = new Simulator(['--speed', '40', '--discord-hosts']);
        $proxy = new ForwardProxy('socks5h');
        $port = parse_url($simulator->says['cdn_url'], PHP_URL_PORT);
        $site = new Site(2, [], simulator: $simulator, config: ['proxy' => $proxy->url(), 'cdn_url' => "http://pictures.mj.invalid:$port"]);
        $site->enter();
        $preview = static function (string $prompt) use ($site): string {
            [$status, , $body] = $site->ask('api/imagine', ['prompt' => $prompt]);
            self::assertSame(201, $status, $body . $site->log());
            $id = json_decode($body, true, 32, JSON_THROW_ON_ERROR)['tasks'][0]['id'];
            $task = [];
            Until::true(static function () use ($site, $id, &$task): bool {
                $task = json_decode($site->ask("api/tasks/$id")[2], true, 32, JSON_THROW_ON_ERROR);

                return $task['preview'] !== null;
            }, 30.0, static fn (): string => json_encode($task) . $site->log());

            return $task['preview'];
        };
        $first = $preview('a quiet harbour simulate:stall');
        [$status, $headers, $picture] = $site->ask($first);
        self::assertSame([200, 'image/webp'], [$status, $headers['content-type'] ?? $picture], $site->log());
        self::assertStringStartsWith('RIFF', $picture);
        self::assertContains("pictures.mj.invalid:$port", $proxy->targets());

        // One that is gone leaves the next ones be; one that does not answer holds a worker for a while, and only once.
        $second = $preview('a quieter harbour simulate:stall');
        $simulator->control('fault', ['http' => ['path' => '_grid_0.webp', 'status' => 404, 'body' => 'This content is no longer available.']]);
        $simulator->control('fault', ['http' => ['path' => '_grid_0.webp', 'times' => null, 'delay' => 60_000]]);
        $waits = [];
        foreach ([$second, $second, $second] as $path) {
            $begun = microtime(true);
            self::assertSame(404, $site->ask($path)[0]);
            $waits[] = microtime(true) - $begun;
        }
        self::assertLessThan(4.0, $waits[0], 'it is gone');
        self::assertGreaterThan(4.5, $waits[1]);
        self::assertLessThan(15.0, $waits[1], 'the time-out');
        self::assertLessThan(4.0, $waits[2], 'not tried again');
        self::assertSame(200, $site->ask($first)[0], 'what is there is shown');
    }

    /** Six pages listen, two workers there are: whoever asks for anything else is answered at once. */
    public function testOpenPagesLeaveAWorkerForEverybodyElse(): void
    {
        $id = $this->imagined('a slow harbour simulate:vanish');
        $streams = [];
        $waits = [];
        $held = [];
        $until = microtime(true) + 2 * self::SLICE;
        while (microtime(true) < $until) {
            // As a browser does: whoever's stream ended connects anew.
            for ($page = 0; $page < 6; $page++) {
                if (!isset($streams[$page])) {
                    $streams[$page] = self::$site->open("api/changes?tasks=$id.0");
                    stream_set_blocking($streams[$page], false);
                    $begins[$page] = microtime(true);
                }
                stream_get_contents($streams[$page]);
                if (feof($streams[$page])) {
                    $held[] = microtime(true) - $begins[$page];
                    unset($streams[$page]);
                }
            }
            $asked = microtime(true);
            self::assertSame(200, self::$site->ask('')[0]);
            $waits[] = microtime(true) - $asked;
        }
        array_map('fclose', $streams);
        sort($waits);
        self::assertGreaterThan(10, count($waits));
        self::assertLessThan((float) self::SLICE, end($waits), sprintf('of %d answers the slowest took %.2f s', count($waits), end($waits)));
        self::assertLessThan(0.5, $waits[intdiv(count($waits), 2)], 'and most much less');
        self::assertLessThan(self::SLICE + 1.5, max($held), 'no stream is longer than its slice');
    }

    /** While a worker is held by a stream that nobody hears, the other one sees that none is free, and ends its own at once. */
    public function testAStreamThatNobodyHearsLetsItsWorkerGo(): void
    {
        $site = new Site(2, ['SLICE' => '30'], '40');
        $site->enter();
        [, , $made] = $site->ask('api/imagine', ['prompt' => 'a slow harbour simulate:vanish']);
        $id = json_decode($made, true, 32, JSON_THROW_ON_ERROR)['tasks'][0]['id'];
        $stream = $site->open("api/changes?tasks=$id.0");
        // Once there was nothing to tell for two seconds, nothing is to come.
        self::assertNotSame('', self::until($stream, ':'));
        self::assertNotSame('', self::until($stream, ':'));
        self::assertFalse(self::lasts($site->open("api/changes?tasks=$id.9")), 'the other one');
        fclose($stream);
        Until::true(static fn (): bool => self::lasts($site->open("api/changes?tasks=$id.9")), 6.0, static fn (): string => 'no worker is free');
    }

    /**
     * Whether a stream is open after a second.
     *
     * @param resource $stream
     */
    private static function lasts($stream): bool
    {
        stream_set_blocking($stream, false);
        $until = microtime(true) + 1.0;
        while (microtime(true) < $until) {
            if (stream_get_contents($stream) === '' && feof($stream)) {
                return false;
            }
            usleep(20_000);
        }

        return true;
    }

    private function imagined(string $prompt): string
    {
        [$status, , $body] = self::$site->ask('api/imagine', ['prompt' => $prompt]);
        self::assertSame(201, $status, $body . self::$site->log());

        return json_decode($body, true, 32, JSON_THROW_ON_ERROR)['tasks'][0]['id'];
    }

    /** @return array<string, mixed> */
    private static function task(string $id): array
    {
        return json_decode(self::$site->ask("api/tasks/$id")[2], true, 32, JSON_THROW_ON_ERROR);
    }

    /**
     * Reads until a line begins so.
     *
     * @param resource $stream
     */
    private static function until($stream, string $begins): string
    {
        stream_set_timeout($stream, 20);
        do {
            $line = fgets($stream);
        } while ($line !== false && !str_starts_with($line, $begins));

        return (string) $line;
    }
}
