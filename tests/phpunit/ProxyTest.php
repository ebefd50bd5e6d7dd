<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

use Mj\Tests\Process\Simulator;
use PHPUnit\Framework\TestCase;

/** From prompt to file through HTTP and SOCKS5 proxies that want a password, over IPv6, and with an authority of one's own. */
final class ProxyTest extends TestCase
{
    private const HOSTS = ['api_url', 'gateway_url', 'cdn_url', 'upload_url'];

    /** @return array<string, array{'http'|'socks5h'}> */
    public function kinds(): array
    {
        return ['HTTP CONNECT' => ['http'], 'SOCKS5' => ['socks5h']];
    }

    /**
     * @dataProvider kinds
     *
     * @param 'http'|'socks5h' $kind
     */
    public function testEverythingThroughAProxy(string $kind): void
    {
        $simulator = new Simulator(['--speed', '100', '--tls', '--discord-hosts']);
        $proxy = new ForwardProxy($kind);
        // Nobody resolves these but the proxy; the certificate is for localhost, which the proxy is asked for by name.
        $settings = ['proxy' => $proxy->url(), 'ca_file' => $simulator->says['ca_file']] + self::under($simulator, 'localhost');
        $this->assertPicture($simulator, $settings);
        $port = parse_url($simulator->says['api_url'], PHP_URL_PORT);
        self::assertSame(["localhost:$port"], $proxy->targets());
        self::assertSame(1, $simulator->record()['identifies']);
    }

    public function testNamesThatOnlyTheProxyKnows(): void
    {
        $simulator = new Simulator(['--speed', '100', '--discord-hosts']);
        $proxy = new ForwardProxy('socks5h');
        $this->assertPicture($simulator, ['proxy' => $proxy->url()] + self::under($simulator, 'discord.mj.invalid'));
        $port = parse_url($simulator->says['api_url'], PHP_URL_PORT);
        self::assertSame(["discord.mj.invalid:$port"], $proxy->targets());
    }

    public function testOverIpv6(): void
    {
        $this->assertPicture(self::overIpv6(), []);
    }

    public function testOverIpv6ThroughSocks(): void
    {
        $simulator = self::overIpv6();
        $proxy = new ForwardProxy('socks5h');
        $this->assertPicture($simulator, ['proxy' => $proxy->url()]);
        $port = parse_url($simulator->says['api_url'], PHP_URL_PORT);
        self::assertSame(["::1:$port"], array_map(static fn (string $target) => str_replace(['[', ']'], '', $target), $proxy->targets()));
    }

    /** @param array<string, mixed> $settings */
    private function assertPicture(Simulator $simulator, array $settings): void
    {
        $hub = new Hub($settings + ['gateway' => 'user'], $simulator, lasting: true);
        $grid = $hub->picture('a lighthouse behind many hills');
        self::assertSame('SUCCESS', $grid['status'], (string) json_encode($hub->call('mj_status')['network']));
        $files = $hub->call('mj_download', $grid['id'], $hub->directory());
        self::assertSame($hub->job($grid)['sha256'], hash_file('sha256', $files[0]));
        $described = $hub->ended($hub->call('mj_describe', Png::file($hub->directory(), Png::coloured(30, 64, 64))));
        self::assertSame('SUCCESS', $described['status'], 'an upload');
        self::assertPreview($hub, 'a lighthouse that is half done');
    }

    /** What is shown of a task at work comes by the same way as its picture. */
    private static function assertPreview(Hub $hub, string $prompt): void
    {
        $hub->simulator->control('config', ['set' => ['hold_finals' => true]]);
        $id = $hub->call('mj_imagine', $prompt);
        $hub->until($id, static fn (array $task) => $task['preview_url'] !== null);
        $directory = $hub->directory();
        self::assertSame(["$directory/$id-preview.webp"], $hub->call('mj_download', $id, $directory, ['preview' => true]));
        self::assertSame('RIFF', file_get_contents("$directory/$id-preview.webp", false, null, 0, 4));
        $hub->simulator->control('release');
        self::assertSame('SUCCESS', $hub->ended($id)['status']);
        self::assertSame([], $hub->call('mj_download', $id, $directory, ['preview' => true]));
    }

    private static function overIpv6(): Simulator
    {
        if (@stream_socket_server('tcp://[::1]:0') === false) {
            self::markTestSkipped('this machine has no IPv6');
        }

        return new Simulator(['--speed', '100', '--listen', '[::1]:0', '--listen-resume', '[::1]:0']);
    }

    /**
     * The simulator's addresses under another name.
     *
     * @return array<string, string>
     */
    private static function under(Simulator $simulator, string $name): array
    {
        $addresses = array_intersect_key($simulator->says, array_flip(self::HOSTS));

        return array_map(static fn (string $address) => preg_replace('~//127\.0\.0\.1:~', "//$name:", $address), $addresses);
    }
}
