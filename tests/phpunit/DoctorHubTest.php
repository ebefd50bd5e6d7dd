<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

use Mj\Tests\Process\Cli;
use Mj\Tests\Process\Fpm;
use Mj\Tests\Process\Simulator;
use Mj\Tests\Process\StateDirectory;
use Mj\Tests\Process\Until;

/** A hub at work, with a real owner, as `mj_doctor()` tells of it. */
final class DoctorHubTest extends DiagnosedTestCase
{
    public function testAllIsWell(): void
    {
        $hub = self::hub(['gateway' => 'both'], ['heartbeat_interval' => 1000]);
        self::assertSame('SUCCESS', $hub->picture('a lighthouse in good health')['status']);
        Until::true(static fn () => preg_match('/user: live, last heartbeat ACK \d+ s ago, last event \d+ s ago; bot: live/', Diagnosis::ofHub($hub)->words('owner.gateway')) === 1, 20.0, static fn () => Diagnosis::ofHub($hub)->told());
        $found = Diagnosis::ofHub($hub);
        self::assertHealthy($found);
        self::assertMatchesRegularExpression('/^process \d+ \(resident, (asleep|running)\) for \d+ s/', $found->words('owner.alive'));
        self::assertStringContainsString('user: 1, bot: 1 of 1000 a day', $found->words('owner.identifies'));
        foreach ([$hub->simulator->says['user_token'], $hub->simulator->says['bot_token'], 'a lighthouse'] as $secret) {
            self::assertStringNotContainsString($secret, json_encode($found->reports));
        }
    }

    public function testAnOwnerOfAnotherVersion(): void
    {
        $hub = self::hub();
        self::alter($hub, "UPDATE hub SET status = json_set(status, '$.owner.version', '0.0.9')");
        self::assertFound(Diagnosis::ofHub($hub), 'extension.version', 'warning', ['the owner runs 0.0.9', 'restart php-fpm'], ['所有者运行 0.0.9', '重启 php-fpm']);
    }

    public function testAnAccountThatMidjourneyStopped(): void
    {
        $hub = self::hub();
        $hub->picture('simulate:blocked');
        self::assertFound(Diagnosis::ofHub($hub), 'account.state', 'failed', ['account main is stopped: Midjourney has blocked the account (BLOCKED', 'use another account'], ['账号 main 已停用：账号已被 Midjourney 封禁', '更换账号']);
    }

    public function testAnAccountThatPauses(): void
    {
        $hub = self::hub();
        $hub->picture('simulate:credits');
        self::assertFound(Diagnosis::ofHub($hub), 'account.state', 'warning', ['account main pauses for', ' min more', 'no fast hours left'], ['账号 main 暂停']);
    }

    public function testNobodyWhoMayOwn(): void
    {
        $state = new StateDirectory();
        $simulator = new Simulator();
        $found = Diagnosis::of($simulator->ini() + ['mj.state_dir' => $state->path, 'mj.role' => 'never'], [], 'mj_imagine("a lighthouse that nobody builds");');
        self::assertFound($found, 'owner.role', 'failed', ['mj.role = never, and no other process owns the hub', 'mj_serve()'], ['没有其他进程担任所有者', 'mj_serve()']);
        $found = Diagnosis::of($simulator->ini() + ['mj.state_dir' => $state->path, 'mj.autostart' => '0']);
        self::assertFound($found, 'owner.role', 'failed', ['mj.autostart = 0'], ['mj.autostart = 0']);
    }

    public function testTasksWithoutAnOwner(): void
    {
        $state = new StateDirectory();
        $ini = (new Simulator())->ini() + ['mj.state_dir' => $state->path];
        Cli::run('mj_imagine("a lighthouse that waits");', ['mj.role' => 'never'] + $ini);
        self::assertFound(Diagnosis::of($ini), 'owner.alive', 'failed', ['no process owns the hub; 1 tasks wait or run', 'mj_serve()'], ['没有进程拥有该 Hub；有 1 个任务', 'mj_serve()']);
    }

    public function testAnOwnerThatIsStopped(): void
    {
        $hub = self::hub();
        $pid = self::owner($hub);
        posix_kill($pid, SIGSTOP);
        try {
            self::assertFound(Diagnosis::ofHub($hub), 'owner.alive', 'failed', ["process $pid owns the hub and is stopped", "kill -CONT $pid"], ["进程 $pid 已被暂停", "kill -CONT $pid"]);
        } finally {
            posix_kill($pid, SIGCONT);
        }
    }

    public function testSettingsThatTheOwnerCanNotUse(): void
    {
        $hub = self::hub();
        $authority = tempnam(sys_get_temp_dir(), 'mj-ca-');
        copy('/etc/ssl/certs/ca-certificates.crt', $authority);
        $pid = self::owner($hub);
        posix_kill($pid, SIGSTOP);
        $hub->configure(['ca_file' => $authority]);
        $until = $hub->call('mj_status')['owner']['until'];
        rename($authority, "$authority.gone");
        posix_kill($pid, SIGCONT);
        // It reads its settings with every renewal of its lease.
        Until::true(static fn () => $hub->call('mj_status')['owner']['until'] > $until, 60.0);
        // The file is there again for who asks; the owner has given these settings up.
        rename("$authority.gone", $authority);
        $found = Diagnosis::ofHub($hub);
        unlink($authority);
        self::assertFound($found, 'owner.configuration', 'failed', ['it still works with settings number', 'mj.ca_file'], ['仍在使用第', 'mj.ca_file']);
    }

    public function testAGatewayThatDiscordClosed(): void
    {
        $hub = self::hub(['gateway' => 'both']);
        $hub->simulator->control('fault', ['gateway' => 'close', 'who' => 'bot', 'code' => 4014]);
        Until::true(static fn () => $hub->call('mj_status')['gateway']['bot']['state'] === 'dead', 60.0);
        self::assertFound(Diagnosis::ofHub($hub), 'owner.gateway', 'failed', ['bot: Discord closed it for good with code 4014', 'MESSAGE CONTENT INTENT'], ['bot：被 Discord 永久关闭，代码 4014', 'MESSAGE CONTENT INTENT']);
    }

    public function testAHostThatTheOwnerDoesNotReach(): void
    {
        $hub = self::hub(['upload_url' => 'http://127.0.0.1:1']);
        // A directory of its own: what lies in the state directory is the owner's.
        $pictures = new StateDirectory();
        $hub->call('mj_describe', Png::file($pictures->path, Png::coloured(30, 64, 64)));
        Until::true(static fn () => $hub->call('mj_status')['network']['upload']['state'] === 'failing', 60.0);
        self::assertFound(Diagnosis::ofHub($hub), 'owner.network', 'failed', ['upload: the connection is refused', 'docs/faults.md'], ['upload：连接被拒绝', 'docs/faults.md']);
    }

    public function testLoginsThatAreUsedUp(): void
    {
        $hub = self::hub();
        $budget = json_encode(['last' => time() * 1000, 'full_at' => 0, 'day_began' => (time() - 60) * 1000, 'used' => 960]);
        self::alter($hub, 'UPDATE identify SET budget = ?', [$budget]);
        self::assertFound(Diagnosis::ofHub($hub), 'owner.identifies', 'failed', ['user: 960 of 1000 a day', 'logs in again and again'], ['user：960，每日上限 1000', '反复登录']);
    }

    public function testAQueueThatIsFull(): void
    {
        $hub = self::hub(['concurrency' => 1, 'queue_size' => 2], ['hold_finals' => true]);
        $first = $hub->call('mj_imagine', 'a lighthouse under way');
        $hub->until($first, static fn (array $task) => $task['progress'] > 0);
        $hub->call('mj_imagine', 'a lighthouse that waits');
        $hub->call('mj_imagine', 'another that waits');
        self::assertFound(Diagnosis::ofHub($hub), 'tasks.queue', 'failed', ['2 wait of 2 that may, 1 run', 'mj.queue_size'], ['等待 2 个（上限 2），进行中 1 个', 'mj.queue_size']);
    }

    public function testATaskInDoubt(): void
    {
        $hub = self::hub();
        $hub->simulator->control('fault', ['http' => ['method' => 'POST', 'path' => '/interactions', 'reset' => 'before']]);
        $hub->call('mj_imagine', 'a lighthouse that was perhaps sent');
        Until::true(static function () use ($hub): bool {
            $status = $hub->call('mj_status');

            return $status['queue']['in_doubt'] === 1 && $status['network']['api']['state'] === 'ok';
        }, 20.0, static fn () => json_encode($hub->call('mj_status')));
        self::assertFound(Diagnosis::ofHub($hub), 'tasks.in_doubt', 'warning', ['of 1 it is not known', '502'], ['有 1 个任务无法确认', '502']);
    }

    public function testATaskOfAnAccountWithoutASession(): void
    {
        $hub = self::hub(accounts: 2);
        $hub->simulator->control('config', ['set' => ['hold_finals' => true]]);
        $guest = $hub->simulator->says['accounts'][1]['user_token'];
        $task = $hub->until($hub->call('mj_imagine', 'a lighthouse', ['user_token' => $guest]), static fn (array $task) => $task['progress'] > 0);
        Until::true(static fn () => max(array_column($hub->call('mj_status')['accounts'], 'running')) === 1, 60.0);
        $found = Diagnosis::ofHub($hub);
        self::assertFound($found, 'tasks.unseen', 'warning', ["1 tasks run on accounts whose refusals nobody sees: {$task['account']}", 'UNSEEN'], ["1 个任务所用账号的拒绝通知无人能看到：{$task['account']}", 'UNSEEN']);
        $hub->simulator->control('release');
        $hub->ended($task['id']);
        Until::true(static fn () => max(array_column($hub->call('mj_status')['accounts'], 'running')) === 0, 60.0);
        self::assertHealthy(Diagnosis::ofHub($hub));
    }

    public function testMessagesThatAreNobodys(): void
    {
        $hub = self::hub();
        for ($one = 0; $one < 12; $one++) {
            $hub->simulator->control('foreign', ['prompt' => "a picture by somebody else, $one"]);
        }
        Until::true(static function () use ($hub): bool {
            // Each end of a task writes the owner's status.
            $hub->picture('a lighthouse in a crowd');

            return $hub->call('mj_status')['queue']['unmatched'] >= 10;
        }, 30.0, static fn () => json_encode($hub->call('mj_status')));
        self::assertFound(Diagnosis::ofHub($hub), 'tasks.unmatched', 'warning', ['belong to no task', 'a channel of its own'], ['不属于任何任务', '单独的频道']);
    }

    public function testAWebhookThatWasGivenUp(): void
    {
        $receiver = new Receiver(array_fill(0, 50, 410));
        $hub = self::hub(['notify_url' => $receiver->url]);
        $hub->picture('a lighthouse that nobody hears of');
        Until::true(static fn () => $hub->call('mj_status')['webhooks']['failed'] > 0, 60.0);
        self::assertFound(Diagnosis::ofHub($hub), 'webhooks', 'warning', ['1 were given up', '200 to 299'], ['1 个已放弃', '200–299']);
    }

    public function testUnderPhpFpm(): void
    {
        $state = new StateDirectory();
        $simulator = new Simulator(['--speed', '50']);
        $fpm = new Fpm($simulator->ini() + ['mj.state_dir' => $state->path], 2);
        $fpm->call('mj_imagine', 'a lighthouse behind a server');
        $status = static fn (): array => $fpm->call('mj_status');
        Until::true(static fn () => ($status()['gateway']['user']['state'] ?? '') === 'live' && $status()['gateway']['bot']['state'] === 'live', 30.0, static fn () => json_encode($status()));
        $found = new Diagnosis(['en' => $fpm->call('mj_doctor', ['network' => false]), 'zh' => $fpm->call('mj_doctor', ['network' => false, 'lang' => 'zh'])]);
        self::assertHealthy($found);
        self::assertStringContainsString('fpm-fcgi', $found->words('php.sapi'));
        self::assertStringContainsString('www-data (33), who runs this PHP', $found->words('state_dir.owner'));
    }

    /**
     * @param array<string, mixed> $settings
     * @param array<string, mixed> $conduct  of the simulator
     */
    private static function hub(array $settings = [], array $conduct = [], int $accounts = 1): Hub
    {
        $hub = new Hub($settings + ['gateway' => 'user'], ['--speed', '50', '--accounts', (string) $accounts, '--config', json_encode((object) $conduct, JSON_THROW_ON_ERROR)], lasting: true);
        $wanted = ($settings['gateway'] ?? 'user') === 'both' ? ['user', 'bot'] : ['user'];
        Until::true(static function () use ($hub, $wanted): bool {
            $gateways = $hub->call('mj_status')['gateway'] ?? [];

            return array_diff($wanted, array_keys(array_filter($gateways, static fn ($one) => is_array($one) && $one['state'] === 'live'))) === [];
        }, 30.0);

        return $hub;
    }

    private static function owner(Hub $hub): int
    {
        return $hub->call('mj_status')['owner']['pid'];
    }

    /**
     * Changes what is stored, behind everybody's back.
     *
     * @param list<mixed> $values
     */
    private static function alter(Hub $hub, string $sql, array $values = []): void
    {
        $database = new \PDO('sqlite:' . $hub->call('mj_status')['state_dir'] . '/store.sqlite');
        $statement = $database->prepare($sql);
        $statement->execute($values);
        self::assertSame(1, $statement->rowCount());
    }
}
