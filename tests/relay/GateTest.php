<?php

declare(strict_types=1);

namespace Mj\Tests\Relay;

use PHPUnit\Framework\TestCase;

/** Who may ask, how often, how much, and what is answered to whatever else comes. */
final class GateTest extends TestCase
{
    /** @return array<string, array{array<string, string>, int}> */
    public function secrets(): array
    {
        return [
            'right' => [['mj-api-secret' => Desk::SECRET], 200],
            'right, as a token' => [['authorization' => 'Bearer other-one'], 200],
            'second' => [['mj-api-secret' => 'other-one'], 200],
            'none' => [[], 401],
            'empty' => [['mj-api-secret' => ''], 401],
            'wrong' => [['mj-api-secret' => 'wrong'], 401],
            'beginning' => [['mj-api-secret' => 'other'], 401],
            'longer' => [['mj-api-secret' => 'other-one1'], 401],
            'both at once' => [['mj-api-secret' => Desk::SECRET . ',other-one'], 401],
            'another scheme' => [['authorization' => 'Basic other-one'], 401],
        ];
    }

    /**
     * @dataProvider secrets
     *
     * @param array<string, string> $headers
     */
    public function testWhoHasASecretMayAsk(array $headers, int $status): void
    {
        $file = tempnam(sys_get_temp_dir(), 'secret');
        file_put_contents($file, " other-one\n");
        $desk = new Desk(['SECRET_FILE' => $file]);
        foreach (['/mj/task/list' => null, '/mj-fast/mj/submit/imagine' => ['prompt' => 'x'], '/midjourney/tasks' => ['action' => 'retrieve_batch']] as $path => $body) {
            $answer = $desk->ask($path, $body, $headers);
            self::assertSame($status, $answer->status, $path);
            self::assertIsArray($answer->json());
        }
        if ($status === 401) {
            $desk->mj->assertNothingSubmitted();
        }
        unlink($file);
    }

    public function testWithoutASecretNobodyMayUnlessItIsSaid(): void
    {
        $closed = (new Desk(['SECRET' => '']))->ask('/mj/task/list', null, ['mj-api-secret' => '']);
        self::assertSame(401, $closed->status);
        self::assertStringContainsString('MJ_RELAY_SECRET', $closed->json()['description']);
        self::assertSame(200, (new Desk(['SECRET' => '', 'OPEN' => '1']))->ask('/mj/task/list', null, [])->status);
        self::assertSame(401, (new Desk(['OPEN' => '1']))->ask('/mj/task/list', null, [])->status);
    }

    public function testTheRateIsHeldBySecretAndByAddress(): void
    {
        $desk = new Desk(['SECRET' => 'one,two', 'RATE' => '3']);
        $ask = static fn(string $secret, string $address): Answer
            => $desk->ask('/mj/task/list', null, ['mj-api-secret' => $secret], null, $address);
        // Should a minute end meanwhile, the count begins anew: then once more.
        do {
            $minute = intdiv(time(), 60);
            exec('rm -rf ' . escapeshellarg($desk->directory()));
            $statuses = array_map(static fn(string $address): int => $ask('one', $address)->status, ['a', 'b', 'c', 'd']);
            $other = [$ask('two', 'd')->status, $ask('two', 'd')->status, $ask('two', 'd')->status];
            $last = $ask('two', 'e');
            $limited = $ask('one', 'f');
        } while (intdiv(time(), 60) !== $minute);

        self::assertSame([200, 200, 200, 429], $statuses);
        self::assertSame([200, 200, 429], $other);
        self::assertSame(200, $last->status);
        self::assertSame([429, 9], [$limited->status, $limited->json()['code']]);
        self::assertThat((int) $limited->headers['retry-after'], self::logicalAnd(self::greaterThan(0), self::lessThanOrEqual(60)));
    }

    public function testWhoGuessesIsCountedToo(): void
    {
        $desk = new Desk(['RATE' => '2']);
        do {
            $minute = intdiv(time(), 60);
            exec('rm -rf ' . escapeshellarg($desk->directory()));
            $statuses = [];
            for ($number = 0; $number < 4; ++$number) {
                $statuses[] = $desk->ask('/mj/task/list', null, ['mj-api-secret' => "guess $number"])->status;
            }
        } while (intdiv(time(), 60) !== $minute);
        self::assertSame([401, 401, 429, 429], $statuses);
    }

    public function testWhereEverybodyMayAskNobodyUsesUpWhatOthersMay(): void
    {
        $desk = new Desk(['SECRET' => '', 'OPEN' => '1', 'RATE' => '2', 'SUBMIT_RATE' => '1']);
        do {
            $minute = intdiv(time(), 60);
            exec('rm -rf ' . escapeshellarg($desk->directory()));
            $statuses = array_map(
                static fn(string $address): int => $desk->ask('/mj/submit/imagine', ['prompt' => 'x'], [], null, $address)->status,
                ['192.0.2.1', '192.0.2.1', '192.0.2.2'],
            );
        } while (intdiv(time(), 60) !== $minute);
        self::assertSame([200, 429, 200], $statuses);
    }

    public function testOneNetworkOfSixIsOneAddress(): void
    {
        $desk = new Desk(['RATE' => '2']);
        $ask = static fn(string $address, string $guess): int => $desk->ask('/mj/task/list', null, ['mj-api-secret' => $guess], null, $address)->status;
        do {
            $minute = intdiv(time(), 60);
            exec('rm -rf ' . escapeshellarg($desk->directory()));
            // Whoever has one address of them has 18 quintillions.
            $guesses = [$ask('2001:db8::1', 'a'), $ask('2001:db8::ffff', 'b'), $ask('2001:db8:0:0:9::', 'c'), $ask('2001:db8:0:1::1', 'd')];
            $four = [$ask('::ffff:192.0.2.1', 'e'), $ask('::ffff:192.0.2.1', 'f'), $ask('192.0.2.1', 'g'), $ask('::ffff:192.0.2.2', 'h')];
        } while (intdiv(time(), 60) !== $minute);
        self::assertSame([401, 401, 429, 401], $guesses);
        self::assertSame([401, 401, 429, 401], $four);
    }

    public function testARateThatApcuCannotCountIsCountedInFiles(): void
    {
        $code = 'function apcu_enabled() { return true; } function apcu_add() { return false; } function apcu_inc() { return false; } '
            . 'require $argv[1] . "/php/autoload.php"; $settings = new Mj\Http\Settings(["DIR" => $argv[2]]); '
            . '$limit = new Mj\Http\RateLimit(new Mj\Http\Place(new Mj\Testing\FakeMidjourney(), $settings)); '
            . 'try { for ($n = 1; $n <= 9; ++$n) { $limit->count("a", 3); } echo "any number"; } catch (Mj\Http\Refusal) { echo "not all"; }';
        $command = [PHP_BINARY, '-n', '-r', $code, '--', dirname(__DIR__, 2), (new Desk())->directory()];
        exec(implode(' ', array_map('escapeshellarg', $command)), $said);
        self::assertSame(['not all'], $said);
    }

    public function testSubmissionsHaveARateOfTheirOwn(): void
    {
        $desk = new Desk(['SUBMIT_RATE' => '1']);
        do {
            $minute = intdiv(time(), 60);
            exec('rm -rf ' . escapeshellarg($desk->directory()));
            $statuses = [$desk->ask('/mj/submit/imagine', ['prompt' => 'x'])->status, $desk->ask('/midjourney/imagine', ['prompt' => 'x'])->status, $desk->ask('/mj/task/list')->status];
        } while (intdiv(time(), 60) !== $minute);
        self::assertSame([200, 429, 200], $statuses);
    }

    public function testALongRequestIsNotRead(): void
    {
        $desk = new Desk(['MAX_BODY' => '100']);
        $long = ['prompt' => str_repeat('x', 200)];
        self::assertSame([413, 4], [$desk->ask('/mj/submit/imagine', $long)->status, $desk->ask('/mj/submit/imagine', $long)->json()['code']]);
        $lying = ['mj-api-secret' => Desk::SECRET, 'content-length' => '5'];
        self::assertSame(413, $desk->ask('/mj/submit/imagine', $long, $lying)->status);
        $cut = ['mj-api-secret' => Desk::SECRET, 'content-length' => '90'];
        self::assertSame(413, $desk->ask('/mj/submit/imagine', ['prompt' => 'x'], $cut)->status);
        $desk->mj->assertNothingSubmitted();
    }

    /** @return array<string, array{string}> */
    public function bombs(): array
    {
        return ['objects' => ['{},'], 'numbers' => ['1,'], 'lists' => ['[[]],'], 'names' => ['{"":{"":0}},']];
    }

    /** @dataProvider bombs */
    public function testALongRequestOfShortValuesTakesNoMemory(string $value): void
    {
        $text = 'echo "{\"ids\":[" . str_repeat($argv[3], intdiv(33_000_000, strlen($argv[3]))) . "0]}";';
        self::assertSame('400 4', self::askedWithLittleMemory('/mj/task/list-by-condition', $text, $value));
    }

    public function testALongPictureTakesNoMemory(): void
    {
        $text = 'echo "{\"base64\":\"" . $argv[3] . str_repeat("A", 33_000_000) . "\"}";';
        self::assertSame('200 4', self::askedWithLittleMemory('/mj/submit/describe', $text, 'iVBORw0KGgo'));
    }

    /** Status and code, where PHP has as much memory as it has by default; `$text` is code that writes the request. */
    private static function askedWithLittleMemory(string $path, string $text, string $given): string
    {
        $code = 'require $argv[1] . "/php/autoload.php"; ini_set("memory_limit", "128M"); '
            . '$settings = new Mj\Http\Settings(["OPEN" => "1", "RATE" => "0", "SUBMIT_RATE" => "0", "DIR" => $argv[2]]); '
            . '$body = static function () use ($argv): string { ob_start(); ' . $text . ' return ob_get_clean(); }; '
            . '$request = new Mj\Http\Request("POST", $argv[4], [], $body, "", ""); '
            . '$answer = (new Mj\Http\Relay(new Mj\Testing\FakeMidjourney(), $settings))->handle($request); '
            . 'echo $answer->status(), " ", json_decode($answer->body())->code;';
        $desk = new Desk();
        $command = [PHP_BINARY, '-n', '-r', $code, '--', dirname(__DIR__, 2), $desk->directory(), $given, $path];
        exec(implode(' ', array_map('escapeshellarg', $command)), $said);

        return implode("\n", $said);
    }

    public function testALongPromptAndALongStateAreNoBombs(): void
    {
        $body = ['prompt' => str_repeat('a, ', 1_500), 'state' => str_repeat('[{,', 20_000)];
        self::assertSame(1, (new Desk())->ask('/mj/submit/imagine', $body)->json()['code']);
    }

    /** @return array<string, array{string, string, int, string}> */
    public function strays(): array
    {
        return [
            'nowhere' => ['GET', '/', 404, ''],
            'another submission' => ['POST', '/mj/submit/dream', 404, ''],
            'another mode' => ['POST', '/mj-warp/mj/submit/imagine', 404, ''],
            'nothing to fetch' => ['GET', '/mj/task//fetch', 404, ''],
            'a method of PHP' => ['POST', '/mj/submit/__construct', 404, ''],
            'another method' => ['GET', '/mj/submit/imagine', 405, 'POST'],
            'another method of a task' => ['DELETE', '/mj/task/x/fetch', 405, 'GET'],
            'a page of another site' => ['OPTIONS', '/mj/task/list', 405, 'GET'],
            'a webhook by hand' => ['GET', '/mj/webhook/x.y', 405, 'POST'],
        ];
    }

    /** @dataProvider strays */
    public function testWhateverComesIsAnsweredInJson(string $method, string $path, int $status, string $allow): void
    {
        $answer = (new Desk())->ask($path, null, null, $method);
        self::assertSame([$status, 'application/json'], [$answer->status, $answer->headers['content-type']]);
        self::assertSame($allow, $answer->headers['allow'] ?? '');
        self::assertArrayHasKey('code', $answer->json());
    }

    /** @return array<string, array{string}> */
    public function othersOffers(): array
    {
        return [
            'upload' => ['/mj/submit/upload-discord-images'], 'edits' => ['/mj-fast/mj/submit/edits'], 'edit' => ['/mj/submit/edit'],
            'retexture' => ['/mj/submit/retexture'], 'video' => ['/mj/submit/video'],
            'faces' => ['/mj/insight-face/swap'], 'faces in a film' => ['/mj-turbo/mj/insight-face/video-swap'],
        ];
    }

    /** @dataProvider othersOffers */
    public function testWhatOnlyOthersOfferIsRefusedAsTheyRefuseIt(string $path): void
    {
        $answer = (new Desk())->ask($path, ['prompt' => 'x']);
        // New API switches a channel off that answers with the code 3.
        self::assertSame([200, 4, null], [$answer->status, $answer->json()['code'], $answer->json()['result']]);
        self::assertStringContainsString('not offered', $answer->json()['description']);
        self::assertSame(401, (new Desk())->ask($path, ['prompt' => 'x'], [])->status);
        self::assertSame(405, (new Desk())->ask($path)->status);
    }

    public function testOtherSitesMayAskOnlyWhereTheyAreNamed(): void
    {
        $headers = ['mj-api-secret' => Desk::SECRET, 'origin' => 'https://shop.example.com'];
        self::assertArrayNotHasKey('access-control-allow-origin', (new Desk())->ask('/mj/task/list', null, $headers)->headers);
        $desk = new Desk(['CORS' => 'https://shop.example.com https://other.example.com']);
        self::assertSame('https://shop.example.com', $desk->ask('/mj/task/list', null, $headers)->headers['access-control-allow-origin']);
        self::assertSame(204, $desk->ask('/mj/task/list', null, ['origin' => 'https://shop.example.com'], 'OPTIONS')->status);
        self::assertSame(405, $desk->ask('/mj/task/list', null, ['origin' => 'https://evil.example.com'], 'OPTIONS')->status);
    }

    public function testAllSitesMayAskWhereThatIsSaid(): void
    {
        $desk = new Desk(['CORS' => '*', 'RATE' => '1']);
        $origin = ['origin' => 'https://chat.example.com'];
        $answer = $desk->ask('/mj/submit/imagine', null, $origin, 'OPTIONS');
        self::assertSame([204, '*'], [$answer->status, $answer->headers['access-control-allow-origin']]);
        // Secrets are no cookies.
        self::assertArrayNotHasKey('access-control-allow-credentials', $answer->headers);
        $answer = $desk->ask('/mj/task/list', null, ['mj-api-secret' => 'wrong'] + $origin);
        self::assertSame([401, '*'], [$answer->status, $answer->headers['access-control-allow-origin']]);
        self::assertSame('Retry-After', $answer->headers['access-control-expose-headers']);
    }

    public function testAFormIsNoLongRequest(): void
    {
        // PHP takes it apart, and leaves no body.
        $headers = ['mj-api-secret' => Desk::SECRET, 'content-type' => 'multipart/form-data; boundary=x', 'content-length' => '300'];
        $answer = (new Desk())->ask('/mj/submit/imagine', '', $headers);
        self::assertSame(400, $answer->status);
        self::assertStringContainsString('JSON', $answer->json()['description']);
    }

    public function testItMayLiveBelowAnAddress(): void
    {
        $desk = new Desk(['BASE' => '/relay/']);
        self::assertSame(200, $desk->ask('/relay/mj/task/list')->status);
        $desk->ask('/relay/mj/submit/imagine', ['prompt' => 'x', 'notifyHook' => 'http://example.com/']);
        self::assertStringStartsWith('http://127.0.0.1:8080/relay/mj/webhook/', $desk->options()['notify_url']);
    }

    public function testTheDescriptionIsThere(): void
    {
        $answer = (new Desk())->ask('/mj/openapi.json');
        self::assertSame('3.1.0', $answer->json()['openapi']);
    }
}
