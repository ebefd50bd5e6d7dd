<?php

declare(strict_types=1);

namespace Mj\Tests\Relay;

use Mj\Http\Hooks;
use Mj\Http\Place;
use Mj\Http\Relay;
use Mj\Http\Request;
use Mj\Http\Response;
use Mj\Http\Settings;
use Mj\Http\Silences;
use Mj\Tests\Process\StateDirectory;
use Mj\Tests\Simulator\Receiver;
use PHPUnit\Framework\TestCase;

/** What the extension posts to the relay, and what the relay makes of it. */
final class WebhookTest extends TestCase
{
    public function testACallerIsPostedTheTaskInItsWords(): void
    {
        $receiver = new Receiver();
        $desk = new Desk();
        $id = $desk->ask('/mj/submit/imagine', ['prompt' => 'a cat', 'state' => 's', 'notifyHook' => $receiver->url])->json()['result'];
        $path = $desk->webhook();
        foreach ([$desk->mj->poll($id), $desk->mj->wait($id)] as $task) {
            self::assertSame(204, $desk->ask($path, (string) json_encode($task), [])->status);
            $post = $receiver->next();
            self::assertSame(['POST /hook?shop=1 HTTP/1.1', 'application/json'], [$post['line'], $post['headers']['content-type']]);
        }
        self::assertSame($desk->ask("/mj/task/$id/fetch")->body, $post['body']);
    }

    /** @return array<string, array{int, int}> */
    public function answers(): array
    {
        return ['taken' => [204, 204], 'gone' => [410, 410], 'wrong' => [500, 424], 'busy' => [503, 424], 'elsewhere' => [302, 424], 'not there' => [404, 424]];
    }

    /** @dataProvider answers */
    public function testTheExtensionHearsWhatTheCallerAnswered(int $status, int $told): void
    {
        $receiver = new Receiver([$status]);
        $desk = new Desk();
        $id = $desk->ask('/mj/submit/imagine', ['prompt' => 'a cat', 'notifyHook' => $receiver->url])->json()['result'];
        self::assertSame($told, $desk->ask($desk->webhook(), (string) json_encode($desk->mj->poll($id)), [])->status);
    }

    /** @return array<string, array{string, string|null}> what the caller says, and what the extension is told */
    public function pauses(): array
    {
        return [
            'seconds' => ['120', '120'], 'a date' => ['Wed, 21 Oct 2026 07:28:00 GMT', 'Wed, 21 Oct 2026 07:28:00 GMT'],
            'nonsense' => ['soon', null], 'nothing' => ['', null], 'too much' => [str_repeat('9', 40), null],
        ];
    }

    /** @dataProvider pauses */
    public function testTheExtensionHearsWhenTheCallerWantsToBeAskedAgain(string $says, ?string $told): void
    {
        foreach ([429, 503] as $status) {
            $receiver = new Receiver([$status], $says === '' ? [] : ["Retry-After: $says"]);
            $desk = new Desk();
            $id = $desk->ask('/mj/submit/imagine', ['prompt' => 'a cat', 'notifyHook' => $receiver->url])->json()['result'];
            $answer = $desk->ask($desk->webhook(), (string) json_encode($desk->mj->poll($id)), []);
            self::assertSame([424, $told], [$answer->status, $answer->headers['retry-after'] ?? null]);
        }
    }

    public function testAHostThatDoesNotAnswerIsLeftAloneForAMoment(): void
    {
        $server = stream_socket_server('tcp://127.0.0.1:0') ?: self::fail('no server');
        $desk = new Desk();
        $settings = new Settings(['DIR' => $desk->directory(), 'URL' => 'http://127.0.0.1:1']);
        $place = new Place($desk->mj, $settings);
        $hooks = new Hooks($settings, $place, new Silences($place, static fn(): int => 1_000_000), 1);
        $post = static function (string $hook) use ($hooks, $desk): Response {
            $request = new Request('POST', '/', [], static fn(): string => '', '', '');

            $task = (string) json_encode($desk->mj->imagine('a cat'));

            return $hooks->deliver(basename($hooks->options($request, $hook, Hooks::PROXY)['notify_url']), static fn(): string => $task);
        };
        $url = 'http://' . stream_socket_get_name($server, false);
        self::assertSame(424, $post("$url/one")->status());
        self::assertIsResource(stream_socket_accept($server, 0.0));
        $second = $post("$url/two");
        self::assertSame([424, '1'], [$second->status(), $second->headers()['Retry-After'] ?? '']);
        self::assertFalse(@stream_socket_accept($server, 0.0), 'nobody came');
        $other = new Receiver();
        self::assertSame(204, $post($other->url)->status(), 'others are told');
    }

    public function testASilentHostIsTriedByOneAndTheLongerItIsSilentTheSeldomer(): void
    {
        $desk = new Desk();
        $now = 1_000_000;
        $silences = new Silences(new Place($desk->mj, new Settings(['DIR' => $desk->directory()])), static function () use (&$now): int {
            return $now;
        });
        $url = 'https://Shop.example.com:8443/hook?a=1';
        self::assertSame(0, $silences->pause($url, 8));
        $pauses = [];
        for ($times = 0; $times < 7; ++$times) {
            $silences->heard($url, false);
            $pauses[] = $pause = $silences->pause('https://shop.example.com:8443/other', 8);
            self::assertSame(0, $silences->pause('https://shop.example.com/hook', 8), 'another port is another host');
            $now += $pause;
            self::assertSame(0, $silences->pause($url, 8), 'one looks whether it is back');
            self::assertSame(8, $silences->pause($url, 8), 'and no other one meanwhile');
        }
        self::assertSame([1, 2, 4, 8, 16, 30, 30], $pauses);
        $silences->heard($url, true);
        self::assertSame(0, $silences->pause($url, 8));
        $silences->heard($url, false);
        self::assertSame(1, $silences->pause($url, 8));
    }

    public function testACallerThatIsNotThereIsTriedAgain(): void
    {
        $desk = new Desk();
        $id = $desk->ask('/mj/submit/imagine', ['prompt' => 'a cat', 'notifyHook' => 'http://127.0.0.1:9/'])->json()['result'];
        self::assertSame(424, $desk->ask($desk->webhook(), (string) json_encode($desk->mj->poll($id)), [])->status);
    }

    /** @dataProvider clients */
    public function testACallerThatNeverFinishesItsAnswerHoldsNoWorker(string $curl, string $disabled = ''): void
    {
        $server = stream_socket_server('tcp://127.0.0.1:0');
        self::assertIsResource($server);
        $state = new StateDirectory();
        $code = 'require $argv[1] . "/php/autoload.php"; if (function_exists("curl_init") !== ($argv[4] !== "")) { exit(2); } '
            . '$settings = new Mj\Http\Settings(["DIR" => $argv[2], "URL" => "http://127.0.0.1:1"]); $mj = new Mj\Testing\FakeMidjourney(); '
            . '$place = new Mj\Http\Place($mj, $settings); $hooks = new Mj\Http\Hooks($settings, $place, new Mj\Http\Silences($place), 1); '
            . '$request = new Mj\Http\Request("POST", "/", [], fn () => "", "", ""); '
            . '$path = $hooks->options($request, $argv[3], "mj")["notify_url"]; '
            . 'echo $hooks->deliver(basename($path), fn () => json_encode($mj->imagine("a cat")))->status();';
        $url = 'http://' . stream_socket_get_name($server, false) . '/hook';
        $command = [PHP_BINARY, '-n', '-d', "disable_functions=$disabled", ...($curl === '' ? [] : ['-d', "extension=$curl"]), '-r', $code, '--', dirname(__DIR__, 2), $state->path, $url, $curl];
        $process = proc_open($command, [['file', '/dev/null', 'r'], ['pipe', 'w'], STDERR], $pipes);
        self::assertIsResource($process);
        $client = stream_socket_accept($server, 60.0);
        self::assertIsResource($client);
        $begun = microtime(true);
        fwrite($client, 'HTTP/1.1 200 ');
        while (proc_get_status($process)['running'] && microtime(true) - $begun < 60.0) {
            @fwrite($client, 'x');
            usleep(50_000);
        }
        self::assertFalse(proc_get_status($process)['running'], 'it does not wait anew for each byte');
        self::assertSame('424', stream_get_contents($pipes[1]));
    }

    /** @return array<string, array{0: string, 1?: string}> the extension that posts, and what is disabled of it */
    public function clients(): array
    {
        $isThere = is_file(ini_get('extension_dir') . '/curl.so');

        return ['PHP alone' => ['']] + ($isThere ? ['curl' => ['curl'], 'curl, as hardened hosts have it' => ['curl', 'curl_exec']] : []);
    }

    public function testNobodyElseCanMakeItPost(): void
    {
        $desk = new Desk();
        $id = $desk->ask('/mj/submit/imagine', ['prompt' => 'a cat', 'notifyHook' => 'http://127.0.0.1:9/'])->json()['result'];
        $task = (string) json_encode($desk->mj->poll($id));
        $path = $desk->webhook();
        [$data] = explode('.', basename($path));
        $other = rtrim(strtr(base64_encode('["http://127.0.0.1:10/","mj",null]'), '+/', '-_'), '=');
        $forged = ["$path" . 'x', substr($path, 0, -1), strtr($path, [$data => $other]), '/mj/webhook/', '/mj/webhook/x', "/mj/webhook/$data."];
        foreach ($forged as $one) {
            self::assertSame(403, $desk->ask($one, $task, ['mj-api-secret' => Desk::SECRET])->status, $one);
        }
        self::assertSame(400, $desk->ask($path, '[]')->status);
        self::assertSame(400, $desk->ask($path, 'nonsense')->status);
        self::assertSame(403, (new Desk())->ask($path, $task)->status);
    }

    public function testWhatIsNotSignedIsNotEvenRead(): void
    {
        $desk = new Desk();
        $read = false;
        $body = static function () use (&$read): string {
            $read = true;

            return '{}';
        };
        $relay = new Relay($desk->mj, new Settings(['DIR' => $desk->directory()]));
        self::assertSame(403, $relay->handle(new Request('POST', '/mj/webhook/x.y', [], $body, '', ''))->status());
        self::assertFalse($read);
    }

    public function testTheKeyIsMadeOnceByManyAndWithoutHardLinks(): void
    {
        $code = 'require $argv[1] . "/php/autoload.php"; $settings = new Mj\Http\Settings(["DIR" => $argv[2]]); '
            . 'echo (new Mj\Http\Place(new Mj\Testing\FakeMidjourney(), $settings))->key();';
        $desk = new Desk();
        $processes = $keys = [];
        for ($number = 0; $number < 6; ++$number) {
            $command = [PHP_BINARY, '-n', '-d', 'disable_functions=link,symlink', '-r', $code, '--', dirname(__DIR__, 2), $desk->directory()];
            $processes[] = [proc_open($command, [['file', '/dev/null', 'r'], ['pipe', 'w'], ['pipe', 'w']], $pipes), $pipes];
        }
        foreach ($processes as [$process, $pipes]) {
            $keys[] = stream_get_contents($pipes[1]);
            proc_close($process);
        }
        self::assertMatchesRegularExpression('/^[0-9a-f]{64}$/D', $keys[0]);
        self::assertSame([$keys[0]], array_values(array_unique($keys)));
    }

    public function testAKeyThatADiskLostIsNoEmptyOne(): void
    {
        $desk = new Desk();
        $place = new Place($desk->mj, new Settings(['DIR' => $desk->directory()]));
        // What everybody could sign with.
        file_put_contents($place->directory('webhooks') . '/key', '');
        self::assertMatchesRegularExpression('/^[0-9a-f]{64}$/D', $place->key());
        self::assertSame($place->key(), $place->key());
    }

    public function testHostsMayBeNamed(): void
    {
        $desk = new Desk(['HOOK_HOSTS' => 'shop.example.com, *.example.org', 'NOTIFY_HOOK' => 'https://own.example.net/all']);
        $hooks = [
            'https://shop.example.com/a' => 1, 'https://SHOP.example.com:8443/a' => 22, 'https://a.b.example.org/' => 22, '' => 22,
            'https://example.com/' => 4, 'https://shop.example.com.evil.example/' => 4, 'https://shop.example.com@evil.example/' => 4, 'https://xexample.org/' => 4,
            'https://shop.example.com\\@evil.example/' => 4, 'https://evil.example\\.shop.example.com/' => 4, "https://shop.example.com/\r\nX: y" => 4,
        ];
        foreach ($hooks as $hook => $code) {
            self::assertSame($code, $desk->ask('/mj/submit/imagine', ['prompt' => 'x', 'notifyHook' => $hook])->json()['code'], $hook);
        }
    }

    public function testTheRelaysOwnAddressIsSetOrSeen(): void
    {
        $submit = ['prompt' => 'x', 'notifyHook' => 'https://shop.example.com/hook'];
        $desk = new Desk();
        $answer = $desk->ask('/mj/submit/imagine', $submit, null, null, '192.0.2.1', '')->json();
        self::assertSame(4, $answer['code']);
        self::assertStringContainsString('MJ_RELAY_URL', $answer['description']);
        $desk = new Desk(['URL' => 'http://10.0.0.1:8930/']);
        $desk->ask('/mj/submit/imagine', $submit, null, null, '192.0.2.1', '');
        self::assertStringStartsWith('http://10.0.0.1:8930/mj/webhook/', $desk->options()['notify_url']);
        self::assertLessThan(2048, strlen($desk->options()['notify_url']));
    }
}
