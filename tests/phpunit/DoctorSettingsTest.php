<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

use Mj\Tests\Process\StateDirectory;

/** Settings, each wrong in its own way, as `mj_doctor()` tells of them. */
final class DoctorSettingsTest extends DiagnosedTestCase
{
    private const USER = 'MTIzNDU2Nzg5MDEyMzQ1Njc4.GAAAAA.never-asked-never-asked-never-asked-no';
    private const BOT = 'MjIzNDU2Nzg5MDEyMzQ1Njc4.GBBBBB.never-asked-never-asked-never-asked-no';
    private const CONFIG = [
        'guild_id' => '123456789012345678',
        'channel_id' => '223456789012345678',
        'user_token' => self::USER,
        'bot_token' => self::BOT,
    ];

    /** @return array<string, array{array<string, mixed>, string, string, list<string>, list<string>}> */
    public function faults(): array
    {
        return [
            'a name that is none' => [['guild' => '1'], 'configuration.keys', 'failed', ['guild no such setting'], ['guild 没有这个设置项']],
            'two of one meaning' => [['proxy_api' => 'https://a.example', 'api_url' => 'https://b.example'], 'configuration.keys', 'failed', ['means the same as'], ['含义相同']],
            'a bot token as the user token' => [['user_token' => 'Bot ' . self::BOT], 'configuration.tokens', 'failed', ["user_token is a bot's token", 'docs/discord.md'], ['user_token 填成了机器人令牌', 'docs/discord.zh-CN.md']],
            'a user token as the bot token' => [['bot_token' => 'mfa.never-asked'], 'configuration.tokens', 'failed', ["bot_token is a user's token"], ['bot_token 填成了用户令牌']],
            'one token twice' => [['bot_token' => self::USER], 'configuration.tokens', 'failed', ["the same token as the bot's"], ['与机器人令牌相同']],
            'two tokens of one user' => [['bot_token' => self::USER . 'x'], 'configuration.tokens', 'failed', ['one and the same Discord user'], ['同一个 Discord 用户']],
            'a password as the token' => [['user_token' => 'hunter2-hunter2'], 'configuration.tokens', 'warning', ['user_token does not look like'], ['不像 Discord 令牌']],
            'a name as the id' => [['channel_id' => 'general'], 'configuration.ids', 'failed', ['channel_id must be a Discord id', 'Copy ID'], ['channel_id 必须是 Discord ID', '复制 ID']],
            'one id twice' => [['channel_id' => '123456789012345678'], 'configuration.ids', 'warning', ['the same number'], ['相同']],
            'https where wss belongs' => [['proxy_wss' => 'https://gateway.example'], 'configuration.addresses', 'failed', ['proxy_wss must start with wss:// or ws://', 'ChatMoney'], ['proxy_wss 必须以 wss://', 'ChatMoney']],
            'wss where https belongs' => [['proxy_api' => 'wss://api.example'], 'configuration.addresses', 'failed', ['proxy_api must start with https://'], ['proxy_api 必须以 https://']],
            'a number that is too large' => [['concurrency' => 99], 'configuration.values', 'failed', ['concurrency must be a whole number from 1 to 15'], ['concurrency 必须是 1 到 15 的整数']],
            'a word that is none' => [['lang' => 'fr'], 'configuration.values', 'failed', ['lang must be one of en, zh'], ['lang 必须是其中之一']],
            'two addresses in one' => [['proxy_api' => 'https://a.example,https://b.example'], 'configuration.addresses', 'failed', ['proxy_api names a host with characters that no host has'], ['请只填一个地址']],
            'one slash' => [['proxy_url' => 'https:/img.example'], 'configuration.addresses', 'failed', ['proxy_url must be an address that starts with https://'], ['必须是以 https:// 或 http:// 开头的地址']],
            'a line end in an address' => [['proxy_api' => "https://api.exa\nmple"], 'configuration.addresses', 'failed', ['a line end'], ['换行']],
            'a port that is none' => [['proxy' => 'http://a.example:99999'], 'configuration.addresses', 'failed', ['proxy cannot be read as an address (invalid port number)'], ['无法识别为地址']],
            'a password that is not written as it must be' => [['proxy' => 'http://me:hunter2#@a.example:1080'], 'configuration.addresses', 'failed', ['as %XX'], ['写成 %XX']],
            'a file for browsers as the proxy' => [['proxy' => 'http://a.example:1080/proxy.pac'], 'configuration.addresses', 'failed', ['proxy must end behind the port'], ['没有路径']],
            'a path of pictures' => [['proxy_url' => 'https://img.example/attachments/'], 'configuration.addresses', 'failed', ['proxy_url must end before /attachments: mj adds that itself'], ['mj 会自行添加']],
            'a way to resume without a host' => [['gateway_resume_url' => 'wss://a.example'], 'configuration.addresses', 'failed', ['gateway_resume_url must contain {host} once'], ['必须含有一个 {host}']],
            'a secret that is too short' => [['secret' => 'hunter2'], 'configuration.values', 'failed', ['secret is too short', 'openssl rand -hex 32'], ['secret 太短']],
            'a secret that is easy' => [['secret' => str_repeat('ab', 20)], 'configuration.values', 'failed', ['secret is too easy to guess'], ['太容易猜到']],
            'an account without a name' => [['accounts' => [['user_token' => self::USER . 'y']]], 'configuration.values', 'failed', ['accounts[0].name is missing', 'correct the value'], ['accounts[0].name 未设置']],
            'certificates that are not there' => [['ca_file' => '/nonexistent.pem'], 'configuration.files', 'failed', ['ca_file cannot be read'], ['ca_file 无法读取：No such file or directory']],
            'a bucket without its key' => [['archive' => 's3://pictures'], 'configuration.files', 'failed', ['mj.archive_key is missing', 'docs/configuration.md'], ['mj.archive_key 未设置']],
            'a store that there is not' => [['store' => 'redis://:hunter2@127.0.0.1'], 'state_dir.path', 'failed', ['no Redis store'], ['没有 Redis 存储']],
            'a log that is nowhere' => [['log' => 'mj.log'], 'log.writable', 'failed', ['log must be the absolute path of a file'], ['必须是文件的绝对路径']],
            'an archive that is not there' => [['archive' => '/etc/passwd/archive'], 'configuration.files', 'failed', ['mj.archive /etc/passwd/archive cannot be written'], ['无法写入']],
            'no channel' => [['channel_id' => null], 'configuration.hub', 'failed', ['mj.channel_id is missing'], ['mj.channel_id 未设置']],
            'a gateway without its token' => [['bot_token' => null, 'gateway' => 'bot'], 'configuration.hub', 'failed', ['needs mj.bot_token'], ['需要 mj.bot_token']],
            'nothing at all' => [array_fill_keys(array_keys(self::CONFIG), null), 'configuration.hub', 'failed', ['nothing is configured', 'mj_configure()'], ['未做任何配置']],
            'a relative state directory' => [['state_dir' => 'state'], 'state_dir.path', 'failed', ['state_dir must be an absolute path'], ['必须是绝对路径']],
        ];
    }

    /**
     * @dataProvider faults
     *
     * @param array<string, mixed> $wrong
     * @param list<string>         $en
     * @param list<string>         $zh
     */
    public function testASettingThatIsWrong(array $wrong, string $check, string $status, array $en, array $zh): void
    {
        $state = new StateDirectory();
        $config = array_filter($wrong + self::CONFIG + ['state_dir' => $state->path], static fn (mixed $value) => $value !== null);
        $found = Diagnosis::of([], ['config' => $config]);
        $reports = $found->reports;
        foreach ($reports as &$report) {
            // Nobody owns this hub.
            $report['checks'] = array_values(array_filter($report['checks'], static fn (array $one) => $one['name'] !== 'owner.alive'));
        }
        self::assertFound(new Diagnosis($reports), $check, $status, $en, $zh);
        foreach ([self::USER, self::BOT, 'hunter2'] as $secret) {
            self::assertStringNotContainsString($secret, json_encode($found->reports));
        }
    }

    public function testSettingsAreToldWithTheirSource(): void
    {
        $state = new StateDirectory();
        $ini = ['mj.state_dir' => $state->path, 'mj.proxy' => 'http://user:hunter2@proxy.example:8080', 'mj.user_token' => self::USER];
        $found = Diagnosis::of($ini, [], 'mj_configure(["guild_id" => "123456789012345678", "channel_id" => "223456789012345678"]);');
        $words = $found->words('configuration.keys');
        foreach (['guild_id = 123456789012345678 (mj_configure())', 'proxy = http://proxy.example:8080/ (php.ini)', 'user_token = set, hidden (php.ini)'] as $word) {
            self::assertStringContainsString($word, $words);
        }
        self::assertStringNotContainsString('hunter2', json_encode($found->reports));
    }

    public function testAHubThatIsOnlyStoredIsLookedAt(): void
    {
        $state = new StateDirectory();
        $ini = ['mj.state_dir' => $state->path];
        Diagnosis::of($ini, [], 'mj_configure(json_decode(\'' . json_encode(self::CONFIG) . '\', true));');
        $found = Diagnosis::of($ini);
        self::assertSame('ok', $found->status('configuration.hub'), $found->told());
        self::assertStringContainsString('used last in the state directory: server 123456789012345678', $found->words('configuration.hub'));
        self::assertStringNotContainsString(self::USER, json_encode($found->reports));
    }

    public function testASecretThatIsAnother(): void
    {
        $state = new StateDirectory();
        $ini = ['mj.state_dir' => $state->path];
        $secret = 'a secret of forty characters, as it seems';
        $before = 'mj_configure(json_decode(\'' . json_encode(self::CONFIG) . '\', true));';
        Diagnosis::of($ini + ['mj.secret' => $secret], [], $before);

        self::assertFound(Diagnosis::of($ini), 'database.secret', 'failed', ['is encrypted, and mj.secret is not set here', 'every PHP'], ['此处未设置 mj.secret']);
        $found = Diagnosis::of($ini + ['mj.secret' => "not $secret"]);
        self::assertFound($found, 'database.secret', 'failed', ['encrypted with another secret', 'mj.secret_previous'], ['密钥与此处的 mj.secret 不同']);
        self::assertStringNotContainsString($secret, json_encode($found->reports));
        self::assertStringContainsString('encrypted with mj.secret', Diagnosis::of($ini + ['mj.secret' => $secret])->words('database.secret'));
    }

    public function testASettingOfTheEnvironment(): void
    {
        $state = new StateDirectory();
        putenv('MJ_GUILD_ID=general');
        try {
            $found = Diagnosis::of(['mj.state_dir' => $state->path]);
        } finally {
            putenv('MJ_GUILD_ID');
        }
        self::assertSame('failed', $found->status('configuration.ids'), $found->told());
        self::assertStringContainsString('MJ_GUILD_ID must be a Discord id', $found->words('configuration.ids'));
        self::assertStringContainsString('guild_id = general (environment)', $found->words('configuration.keys'));
    }

    /** PHP itself says nothing of an entry that nobody knows. */
    public function testANameInPhpIniThatIsNone(): void
    {
        $state = new StateDirectory();
        $ini = ['mj.state_dir' => $state->path, 'mj.token' => self::USER, 'mj.proxy_wss' => 'wss://a.example', 'mj.colour' => 'red', 'mj.guild-id' => '1'];
        $found = Diagnosis::of($ini + array_combine(array_map(static fn (string $key) => "mj.$key", array_keys(self::CONFIG)), self::CONFIG));
        self::assertSame('warning', $found->status('configuration.keys'), $found->told());
        $words = $found->words('configuration.keys');
        foreach (['mj.token in php.ini is no setting: mj.bot_token, mj.token_sessions, mj.user_token perhaps', 'mj.proxy_wss in php.ini is no setting: mj.gateway_url perhaps', 'mj.colour in php.ini is no setting; ', 'mj.guild-id in php.ini is no setting: mj.guild_id perhaps'] as $word) {
            self::assertStringContainsString($word, $words);
        }
        self::assertStringContainsString('php.ini 中的 mj.colour 不是设置项', $found->words('configuration.keys', 'zh'));
        self::assertStringNotContainsString(self::USER, json_encode($found->reports));
        self::assertSame('ok', $found->status('configuration.hub'), 'what is right is used');
    }

    public function testSeveralFaultsAreToldAtOnce(): void
    {
        $state = new StateDirectory();
        $wrong = ['mj.guild_id' => 'x', 'mj.gateway_url' => 'https://a.example', 'mj.concurrency' => '99', 'mj.user_token' => 'Bot a.b.c'];
        $found = Diagnosis::of($wrong + ['mj.state_dir' => $state->path]);
        self::assertSame(
            ['configuration.tokens', 'configuration.ids', 'configuration.addresses', 'configuration.values'],
            array_keys($found->troubles()),
            $found->told(),
        );
    }
}
