<?php

declare(strict_types=1);

namespace Mj\Tests\ChatMoney;

use Mj\ChatMoney\DriverException;
use Mj\ChatMoney\Settings;
use Mj\Tests\Process\Cli;
use Mj\Tests\Process\StateDirectory;
use PHPUnit\Framework\TestCase;

/** What the admin has set for the direct service becomes settings that the extension takes. */
final class SettingsTest extends TestCase
{
    private const MDDAI = [
        'proxy_url' => 'https://img.example.com/', 'proxy_api' => ' https://api.example.com ', 'proxy_wss' => 'wss://wss.example.com',
        'guild_id' => '1090000000000000001', 'channel_id' => 1090000000000000002, 'session_id' => 'abcdef0123456789',
        'bot_token' => 'a-bot-token', 'timeout' => '12', 'status' => 1, 'price' => ['x' => 3],
    ];

    public function testTheAdminsSettingsAreTaken(): void
    {
        $expected = [
            'cdn_url' => 'https://img.example.com', 'api_url' => 'https://api.example.com', 'gateway_url' => 'wss://wss.example.com',
            'guild_id' => '1090000000000000001', 'channel_id' => '1090000000000000002', 'session_id' => 'abcdef0123456789',
            'bot_token' => 'a-bot-token', 'timeout' => 720,
        ];
        self::assertSame($expected, Settings::fromMddai(self::MDDAI));
        self::assertSame($expected, Settings::fromMddai(json_encode(self::MDDAI, JSON_THROW_ON_ERROR)));
        self::assertSame(['timeout' => 600], Settings::fromMddai(['proxy_wss' => '', 'bot_token' => null]));
        self::assertEquals(['timeout' => 60, 'lang' => 'zh'] + $expected, Settings::fromMddai(self::MDDAI, ['timeout' => 60, 'lang' => 'zh']));
    }

    public function testTheExtensionTakesThem(): void
    {
        $state = new StateDirectory();
        $config = Settings::fromMddai(self::MDDAI, ['state_dir' => $state->path, 'role' => 'never']);
        $seen = json_decode(Cli::run('mj_configure($data); echo json_encode([mj_status()["hub"], mj_image_url("https://cdn.discordapp.com/a/b.png")]);', [], $config), true);
        self::assertIsString($seen[0], 'they make a hub');
        self::assertSame('https://img.example.com/a/b.png', $seen[1]);
    }

    /** @return array<string, array{array<string, mixed>|string, string}> */
    public function wrong(): array
    {
        return [
            'a socket that is none' => [['proxy_wss' => 'https://wss.example.com'], 'proxy_wss must be a whole address that begins with wss://'],
            'a domain without a scheme' => [['proxy_url' => 'img.example.com'], 'proxy_url must be a whole address'],
            'a scheme without a domain' => [['proxy_api' => 'https://'], 'proxy_api must be a whole address'],
            'a guild that is a name' => [['guild_id' => 'my server'], 'guild_id must be'],
            'a channel in its link' => [['channel_id' => 'https://discord.com/channels/1/2'], 'channel_id must be'],
            'a time-out of no time' => [['timeout' => '0'], 'timeout must be 1 to 1440 minutes'],
            'a list' => [['bot_token' => ['secret-token']], 'bot_token must be a text'],
            'no array' => ['secret-token', 'neither an array nor JSON'],
        ];
    }

    /**
     * @dataProvider wrong
     *
     * @param array<string, mixed>|string $mddai
     */
    public function testAWrongOneIsNamed(array|string $mddai, string $message): void
    {
        try {
            Settings::fromMddai($mddai);
            self::fail('nothing was thrown');
        } catch (DriverException $thrown) {
            self::assertStringContainsString($message, $thrown->getMessage());
            self::assertStringNotContainsString('secret-token', $thrown->getMessage());
        }
    }
}
