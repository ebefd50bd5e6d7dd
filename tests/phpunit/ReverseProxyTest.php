<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

use Mj\Tests\Process\Nginx;
use Mj\Tests\Process\Simulator;
use Mj\Tests\Process\Until;
use PHPUnit\Framework\TestCase;

/** The examples of docs/proxies in a real nginx, before hosts that are as strict as Discord's. */
final class ReverseProxyTest extends TestCase
{
    protected function setUp(): void
    {
        if (Nginx::binary() === null) {
            self::markTestSkipped('nginx is not installed: nothing is known of the examples in docs/proxies (apt-get install nginx)');
        }
    }

    public function testEverythingGoesThroughTheExamples(): void
    {
        $simulator = self::simulator();
        $nginx = new Nginx($simulator);
        $hub = self::hub($simulator, $nginx);

        $grid = $hub->picture('a lighthouse behind the hills');
        self::assertSame('SUCCESS', $grid['status'], $this->told($hub, $nginx));
        $single = $hub->press($grid['id'], 'upscale2');
        self::assertSame('SUCCESS', $single['status'], $this->told($hub, $nginx));
        $files = $hub->call('mj_download', $single['id'], $hub->directory());
        self::assertSame($hub->job($single)['sha256'], hash_file('sha256', $files[0]));

        // What visitors are shown is the same picture, and lies in the proxy's cache by then.
        self::assertStringStartsWith($nginx->url('cdn') . '/attachments/', $single['image_url']);
        $path = substr($single['image_url'], strlen($nginx->url('cdn')));
        [$status, $answer] = $nginx->ask('cdn', $path);
        self::assertSame(200, $status);
        self::assertSame(hash_file('sha256', $files[0]), hash('sha256', explode("\r\n\r\n", $answer, 2)[1]));

        $picture = Png::coloured(30, 1500, 1500) . random_bytes(1_500_000);
        $described = $hub->ended($hub->call('mj_describe', Png::file($hub->directory(), $picture)));
        self::assertSame('SUCCESS', $described['status'], $this->told($hub, $nginx));
        [$width, $height] = [$single['images'][0]['width'], $single['images'][0]['height']];
        $region = $hub->press($single['id'], 'vary_region', ['mask' => Png::uri($width, $height), 'prompt' => 'a red door']);
        self::assertSame('SUCCESS', $region['status'], $this->told($hub, $nginx));

        $seen = $nginx->seen();
        self::assertSame([$path], array_column(array_filter($seen, static fn (array $one) => $one['uri'] === $path), 'uri'), 'fetched once');
        $hosts = array_unique(array_column($seen, 'host'));
        sort($hosts);
        self::assertSame(
            ['936929561302675456.discordsays.com', 'cdn.discordapp.com', 'discord-attachments-uploads-prd.storage.googleapis.com', 'discord.com'],
            $hosts,
        );
        self::assertSame([''], array_values(array_unique(array_column($seen, 'forwarded'))), 'who asks is nobody\'s business');
        self::assertSame(['HTTP/1.1'], array_values(array_unique(array_column($seen, 'protocol'))));
        self::assertSame('', self::log($hub));
    }

    public function testPreviewsComeByTheImageDomain(): void
    {
        $simulator = self::simulator(['hold_finals' => true]);
        $nginx = new Nginx($simulator);
        $hub = self::hub($simulator, $nginx);
        $id = $hub->call('mj_imagine', 'a lighthouse before its hills');
        $task = $hub->until($id, static fn (array $task) => $task['preview_url'] !== null);
        self::assertStringStartsWith($nginx->url('cdn') . '/attachments/', $task['preview_url']);
        $asked = static fn () => array_filter($nginx->seen(), static fn (array $one) => str_contains($one['uri'], '_grid_0.webp'));
        self::assertSame([], $asked());

        $files = $hub->call('mj_download', $id, $hub->directory(), ['preview' => true]);
        self::assertSame("$id-preview.webp", basename($files[0]));
        self::assertSame('RIFF', file_get_contents($files[0], false, null, 0, 4));
        self::assertSame(['cdn.discordapp.com'], array_values(array_unique(array_column($asked(), 'host'))));

        // Its message is gone, and with it what it showed.
        $simulator->control('fault', ['http' => ['path' => '_grid_0.webp', 'times' => null, 'status' => 404, 'body' => 'This content is no longer available.']]);
        $next = $hub->call('mj_imagine', 'a lighthouse without its hills');
        $hub->until($next, static fn (array $task) => $task['preview_url'] !== null);
        $said = $hub->run('try { return mj_download($data[0], $data[1], ["preview" => true]); } catch (Mj\EngineException $gone) { return $gone->getMessage(); }', [$next, $hub->directory()]);
        self::assertStringStartsWith("task $next: the preview is there no longer", $said);
        self::assertStringContainsString('try again', $said);
        self::assertStringNotContainsString('http', $said);
    }

    /** @return array<string, array{array<string, mixed>, string, bool}> settings, the host that is resumed at, whether it is the one that READY named */
    public function resumes(): array
    {
        return [
            'at the host that Discord names' => [[], 'gateway-us-east1-b.discord.gg', true],
            'at the gateway, without a template' => [['gateway_resume_url' => ''], 'gateway.discord.gg', false],
        ];
    }

    /**
     * @dataProvider resumes
     *
     * @param array<string, mixed> $settings
     */
    public function testResumeGoesThroughTheProxy(array $settings, string $host, bool $isNamed): void
    {
        $simulator = self::simulator(['hold_finals' => true]);
        $nginx = new Nginx($simulator);
        $hub = self::hub($simulator, $nginx, $settings);

        $id = $hub->call('mj_imagine', 'a lighthouse before the storm');
        $hub->until($id, static fn (array $task) => $task['progress'] > 0);
        $simulator->control('fault', ['gateway' => 'reconnect', 'who' => 'all']);
        Until::true(static fn () => $simulator->record()['resumes'] === 1, 60.0, fn () => $this->told($hub, $nginx));
        $simulator->control('release');
        self::assertSame('SUCCESS', $hub->ended($id)['status'], $this->told($hub, $nginx));

        $record = $simulator->record();
        self::assertSame([1, 2], [$record['identifies'], $record['sockets_seen']]);
        self::assertSame([false, $isNamed], array_column($record['connections'], 'resume_host'));
        // What is resumed directly fails first: nothing here reaches Discord's names but through the proxy.
        self::assertSame('', self::log($hub));

        $simulator->control('fault', ['gateway' => 'close', 'who' => 'all', 'code' => 4000]);
        $gateways = static fn () => array_values(array_filter($nginx->seen(), static fn (array $one) => $one['upgrade'] !== ''));
        Until::true(static fn () => count($gateways()) >= 2, 60.0);
        self::assertSame(['gateway.discord.gg', $host], array_slice(array_column($gateways(), 'host'), 0, 2));
        self::assertSame([101, 101], array_slice(array_column($gateways(), 'status'), 0, 2));
    }

    public function testASilentSessionIsKeptByItsHeartbeats(): void
    {
        // As minutes are with the 120 s of the example and Discord's 41 s.
        $simulator = self::simulator(['heartbeat_interval' => 2000]);
        $nginx = new Nginx($simulator, ['gateway' => ['proxy_read_timeout 120s;' => 'proxy_read_timeout 5s;']]);
        $hub = self::hub($simulator, $nginx);

        Until::true(static fn () => array_sum(array_column($simulator->record()['connections'], 'heartbeats')) >= 4, 25.0, fn () => $this->told($hub, $nginx));
        $record = $simulator->record();
        self::assertSame([1, 0], [$record['sockets_seen'], $record['resumes_tried']], json_encode($record['connections']));
    }

    public function testATimeOutBelowTheHeartbeatIsSurvived(): void
    {
        $simulator = self::simulator(['heartbeat_interval' => 60_000]);
        $nginx = new Nginx($simulator, ['gateway' => ['proxy_read_timeout 120s;' => 'proxy_read_timeout 1s;']]);
        $hub = self::hub($simulator, $nginx);

        Until::true(static fn () => $simulator->record()['resumes'] >= 1, 20.0);
        self::assertSame('SUCCESS', $hub->picture('a lighthouse that is seen again and again')['status'], $this->told($hub, $nginx));
        self::assertSame(1, $simulator->record()['identifies']);
    }

    /** What each line of the examples is there for. */
    public function testEachOmissionLooksAsTheDocumentationSays(): void
    {
        $simulator = self::simulator();
        $panel = <<<'CONF'
            location ^~ / {
                proxy_pass https://discord.com;
                proxy_set_header Host discord.com;
                proxy_set_header X-Real-IP $remote_addr;
                proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
                proxy_set_header REMOTE-HOST $remote_addr;
                proxy_set_header Upgrade $http_upgrade;
                proxy_set_header Connection "upgrade";
                proxy_http_version 1.1;
            }
            location /ours/ {
            CONF;
        $omissions = [
            ['api', 'proxy_ssl_server_name on;', '', 502],
            ['api', 'proxy_set_header Host $discord;', 'proxy_set_header Host $host;', 421],
            ['api', 'location /api/ {', $panel, 502],
            ['gateway', 'proxy_ssl_server_name on;', '', 502],
            ['gateway', 'proxy_set_header Host $mj_gateway;', 'proxy_set_header Host $host;', 421],
            // Whatever that host has for who wants no WebSocket.
            ['gateway', 'proxy_set_header Upgrade $http_upgrade;', '', 404],
            ['gateway', 'proxy_http_version 1.1;', '', 426],
            ['upload', 'client_max_body_size 16m;', '', 413],
        ];
        $expected = $found = [];
        foreach ($omissions as [$example, $line, $replacement, $status]) {
            $nginx = new Nginx($simulator, [$example => [$line => $replacement]]);
            [$seen] = $example === 'upload'
                ? $nginx->ask('upload', '/slot', method: 'PUT', body: str_repeat('.', 2 << 20))
                : $nginx->ask($example, $example === 'gateway' ? '/?v=10&encoding=json' : '/api/v9/gateway', $example === 'gateway');
            $expected[] = "$example without $line $status";
            $found[] = "$example without $line $seen";
        }
        self::assertSame($expected, $found);
    }

    public function testWhatIsBrokenIsNamedInTheLog(): void
    {
        $simulator = self::simulator();
        $noSni = ['proxy_ssl_server_name on;' => ''];
        $nginx = new Nginx($simulator, ['gateway' => $noSni, 'api' => $noSni]);
        $hub = self::hub($simulator, $nginx);
        $hub->call('mj_imagine', 'a lighthouse that nobody sees');

        $lines = [
            'HTTP status 502 in place of a WebSocket; a reverse proxy in between must pass Upgrade, SNI and Host on',
            'a request was answered by something in between: a reverse proxy, a proxy, or Cloudflare request="GET /users/@me" status=502',
        ];
        foreach ($lines as $line) {
            Until::true(static fn () => str_contains(self::log($hub), $line), 60.0, fn () => "not there: $line\n" . $this->told($hub, $nginx));
        }
        self::assertSame([0, []], [$simulator->record()['sockets_seen'], $simulator->jobs()]);
    }

    /** @param array<string, mixed> $conduct */
    private static function simulator(array $conduct = []): Simulator
    {
        return new Simulator(['--speed', '100', '--discord-hosts', '--config', json_encode($conduct + ['cdn_ttl_seconds' => 86400], JSON_THROW_ON_ERROR)]);
    }

    /** @param array<string, mixed> $settings */
    private static function hub(Simulator $simulator, Nginx $nginx, array $settings = []): Hub
    {
        $log = $nginx->directory() . '/mj.log';

        return new Hub($settings + ['gateway' => 'user', 'log' => $log] + $nginx->config(), $simulator, lasting: true);
    }

    private static function log(Hub $hub): string
    {
        return (string) @file_get_contents($hub->config()['log']);
    }

    private function told(Hub $hub, Nginx $nginx): string
    {
        return 'mj: ' . self::log($hub) . 'nginx: ' . $nginx->errors();
    }
}
