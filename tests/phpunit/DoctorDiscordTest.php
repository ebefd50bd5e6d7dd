<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

/** What Discord says of tokens, guild and channel, as `mj_doctor()` tells it. */
final class DoctorDiscordTest extends ExaminedTestCase
{
    private const READ_MESSAGE_HISTORY = 1 << 16;
    private const USE_APPLICATION_COMMANDS = 1 << 31;
    private const VIEW_CHANNEL = 1 << 10;

    public function testAllIsWell(): void
    {
        $simulator = self::simulator([], '--accounts', '2');
        $found = new Examination(self::config($simulator));
        self::assertHealthy($found);
        self::assertStringContainsString("main: ", $found->words('discord.user_token'));
        self::assertStringContainsString($simulator->says['accounts'][1]['user_id'], $found->words('discord.user_token'));
        self::assertStringContainsString('watcher', $found->words('discord.bot_token'));
        self::assertStringContainsString('imagine in version 1237876415471554623', $found->words('discord.midjourney'));
        self::assertMatchesRegularExpression('/^1000 of 1000 logins are left/', $found->words('discord.identifies'));
    }

    public function testNobodyLogsInAndNothingIsWritten(): void
    {
        $simulator = self::simulator();
        new Examination(self::config($simulator));
        $record = $simulator->record();
        self::assertSame([0, 0], [$record['identifies'], count($record['interactions'])]);
        $writing = array_filter(array_keys($record['requests']), static fn (string $route) => !str_starts_with($route, 'GET '));
        self::assertSame([], array_values($writing));
        self::assertSame([200], array_values(array_diff(array_keys($record['statuses']), [403, 404, 405])), 'but what asks the CDN, the storage and the region editor for nothing');
    }

    public function testOnlyABotAndTokensOfCallers(): void
    {
        $simulator = self::simulator();
        $found = new Examination(self::config($simulator, ['user_token' => null]));
        self::assertHealthy($found, ['discord.user_token', 'discord.account', 'discord.midjourney']);
    }

    public function testOnlyAUser(): void
    {
        $simulator = self::simulator();
        $found = new Examination(self::config($simulator, ['gateway' => 'user']));
        self::assertHealthy($found, ['discord.bot_token', 'discord.message_content', 'discord.identifies']);
    }

    /** @return array<string, array{array<string, mixed>, array<string, mixed>, string, string, list<string>, list<string>}> */
    public function breakages(): array
    {
        $dead = 'MTAwMDAwMDAwMDAwMDAwMDAx.GAAAAA.dead-dead-dead-dead-dead-dead-dead-dead';

        return [
            'a user token that is dead' => [[], ['user_token' => $dead], 'discord.user_token', 'failed', ['account main (401)', 'logs out'], ['账号 main', '退出登录']],
            'a bot token that is dead' => [[], ['bot_token' => $dead], 'discord.bot_token', 'failed', ['mj.bot_token (401)', 'Reset Token'], ['mj.bot_token（401）', '开发者门户']],
            'no MESSAGE CONTENT INTENT' => [['bot_message_content' => false], [], 'discord.message_content', 'failed', ['switched off', 'MESSAGE CONTENT INTENT'], ['未开启', 'MESSAGE CONTENT INTENT']],
            'a bot that was not invited' => [['bot_in_guild' => false], [], 'discord.guild', 'failed', ['the bot is not in the server', 'invite the bot'], ['机器人 不在服务器', '邀请机器人']],
            'another guild' => [[], ['guild_id' => '100000000000000001'], 'discord.guild', 'failed', ['100000000000000001', 'mj.guild_id'], ['100000000000000001', '复制服务器 ID']],
            'another channel' => [[], ['channel_id' => '100000000000000002'], 'discord.channel', 'failed', ['does not see the channel', 'Copy Channel ID'], ['看不到', '复制频道 ID']],
            'a channel hidden from the bot' => [['bot_denied' => self::VIEW_CHANNEL], [], 'discord.channel', 'failed', ['the bot does not see', 'private channel'], ['机器人 看不到', '私密频道']],
            'a bot that may not read back' => [['bot_denied' => self::READ_MESSAGE_HISTORY], [], 'discord.permissions', 'failed', ['the bot lacks in the channel: Read Message History', 'Edit Channel'], ['读取消息历史', '编辑频道']],
            // The first account's user owns the guild and may do everything.
            'a user who may not use commands' => [['user_denied' => self::USE_APPLICATION_COMMANDS], [], 'discord.permissions', 'failed', ['account account1 lacks in the channel: Use Application Commands'], ['账号 account1', '使用应用命令']],
            'no Midjourney' => [['midjourney_in_guild' => false], [], 'discord.midjourney', 'failed', ['Midjourney is not in the server', 'Add App'], ['没有 Midjourney', '添加']],
            'no logins left' => [['identify_limit' => 0], [], 'discord.identifies', 'failed', ['0 of 0 logins', 'logs in'], ['0/0', '登录']],
            'an address that is not verified' => [['user_verified' => false], [], 'discord.account', 'warning', ['e-mail address of account main', 'My Account'], ['邮箱未验证', '我的账号']],
            'a clock that is far behind' => [['clock_ahead' => 600_000], [], 'clock', 'failed', [' s behind', 'timedatectl'], ['比 Discord 慢', '校时']],
            'a clock that is ahead' => [['clock_ahead' => -30_000], [], 'clock', 'warning', [' s ahead', 'set-ntp'], ['比 Discord 快', '校时']],
        ];
    }

    /**
     * @dataProvider breakages
     *
     * @param array<string, mixed> $conduct of the simulator
     * @param array<string, mixed> $settings
     * @param list<string>         $en
     * @param list<string>         $zh
     */
    public function testNamesWhatIsBroken(array $conduct, array $settings, string $check, string $status, array $en, array $zh): void
    {
        $simulator = self::simulator($conduct, '--accounts', '2');
        self::assertFound(new Examination(self::config($simulator, $settings)), $check, $status, $en, $zh);
    }

    public function testAnAccountThatMustBeVerified(): void
    {
        $simulator = self::simulator();
        $simulator->control('refuse', ['name' => 'verify-account', 'user_id' => $simulator->says['user_id'], 'at_once' => true]);
        $found = new Examination(self::config($simulator));
        self::assertFound($found, 'discord.account', 'failed', ['account main to be verified', '40002'], ['验证账号 main', '手机号']);
        self::assertSame('discord.account', $found->hindered()['discord.guild']);
    }

    public function testAHumanCheck(): void
    {
        $simulator = self::simulator();
        $simulator->control('fault', ['http' => ['path' => '/guilds/', 'times' => null, 'status' => 400, 'body' => ['captcha_key' => ['captcha-required'], 'captcha_sitekey' => 'x']]]);
        self::assertFound(new Examination(self::config($simulator, ['gateway' => 'user'])), 'discord.account', 'failed', ['human check of account main'], ['人机验证']);
    }

    public function testTokensThatAreSwapped(): void
    {
        $simulator = self::simulator();
        $swapped = ['user_token' => $simulator->says['bot_token'], 'bot_token' => $simulator->says['user_token']];
        $found = new Examination(self::config($simulator, $swapped));
        self::assertFound($found, 'discord.tokens_swapped', 'failed', ['account main is the token of the bot watcher', 'mj.bot_token is the token of the user'], ['机器人 watcher', 'mj.bot_token 其实是用户']);
        foreach (['discord.user_token', 'discord.midjourney', 'cdn.query'] as $check) {
            self::assertSame('discord.tokens_swapped', $found->hindered()[$check]);
        }
    }

    public function testAChannelOfAnotherGuild(): void
    {
        $simulator = self::simulator();
        $simulator->control('fault', ['http' => ['path' => "/channels/{$simulator->says['channel_id']}", 'times' => null, 'status' => 200,
            'body' => ['id' => $simulator->says['channel_id'], 'type' => 0, 'guild_id' => '100000000000000009', 'name' => 'x', 'permission_overwrites' => []]]]);
        self::assertFound(new Examination(self::config($simulator)), 'discord.channel', 'failed', ['in the server 100000000000000009', 'mj.guild_id'], ['100000000000000009', 'mj.guild_id']);
    }

    public function testADeadTokenIsNotSentAgain(): void
    {
        $simulator = self::simulator();
        new Examination(self::config($simulator, ['user_token' => 'MTAwMDAwMDAwMDAwMDAwMDAx.GAAAAA.dead', 'gateway' => 'user']));
        // In each language once as a user's, and once to see whether it is a bot's.
        self::assertSame(4, $simulator->record()['statuses'][401]);
    }
}
