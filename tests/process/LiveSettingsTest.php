<?php

declare(strict_types=1);

namespace Mj\Tests\Process;

use Mj\Tests\Simulator\ForwardProxy;
use PHPUnit\Framework\TestCase;

/** Settings that `mj_configure()` changes while tasks run under php-fpm. */
final class LiveSettingsTest extends TestCase
{
    /** @return array<string, array{string, bool}> gateway, and whether what is stored is encrypted */
    public function hubs(): array
    {
        // With a bot that listens the hub stays the same, without one another token is another hub.
        return ['a bot listens' => ['bot', false], 'a bot listens, encrypted' => ['bot', true], 'the user listens, encrypted' => ['user', true]];
    }

    /** @dataProvider hubs */
    public function testAChangedTokenIsUsedFromTheNextTaskOn(string $gateway, bool $sealed): void
    {
        $simulator = new Simulator(['--speed', '100', '--accounts', '2']);
        $state = new StateDirectory();
        $ini = ['mj.state_dir' => $state->path, 'mj.shutdown_grace' => '1'];
        $fpm = new Fpm($sealed ? $ini + ['mj.secret' => bin2hex(random_bytes(32))] : $ini, 4);
        $simulator->control('config', ['set' => ['hold_finals' => true]]);
        $before = ['accounts' => null] + $simulator->config(['gateway' => $gateway, 'concurrency' => 6]);
        $before = array_filter($before, static fn (mixed $value) => $value !== null);
        [$first, $second] = array_column($simulator->says['accounts'], 'user_token');
        // The same Discord by another name of this machine: hosts change with the token.
        $elsewhere = array_map(static fn (string $url) => str_replace('127.0.0.1', 'localhost', $url), array_intersect_key($before, ['api_url' => 0, 'gateway_url' => 0]));
        $after = ['user_token' => $second] + $elsewhere + $before;
        $ids = [];
        foreach (['a red fox', 'a blue fox'] as $prompt) {
            $ids[] = $fpm->call('configured', $before, 'mj_imagine', $prompt);
        }
        $run = static fn (string $id) => in_array($fpm->call('mj_poll', $id)['status'], ['IN_PROGRESS', 'SUCCESS'], true);
        Until::true(static fn () => array_filter($ids, $run) === $ids, 60.0);

        foreach (['a green fox', 'a white fox'] as $prompt) {
            $ids[] = $fpm->call('configured', $after, 'mj_imagine', $prompt);
        }
        Until::true(static fn () => array_filter($ids, $run) === $ids, 60.0, static fn () => json_encode($fpm->call('mj_poll_many', $ids)));
        $simulator->control('config', ['set' => ['hold_finals' => false]]);
        $simulator->control('release');
        $ended = static fn () => array_column($fpm->call('mj_poll_many', $ids), 'status');
        Until::true(static fn () => $ended() === array_fill(0, 4, 'SUCCESS'), 60.0, static fn () => json_encode($ended()));

        $senders = [];
        foreach ($simulator->jobs() as $job) {
            $senders[strtok($job['prompt'], '-')] = $job['user_id'];
        }
        $users = array_column($simulator->says['accounts'], 'user_id');
        self::assertSame($second, $simulator->says['accounts'][1]['user_token']);
        self::assertNotSame($first, $second);
        ksort($senders);
        self::assertSame(
            ['a blue fox ' => $users[0], 'a green fox ' => $users[1], 'a red fox ' => $users[0], 'a white fox ' => $users[1]],
            $senders,
        );
        $configuration = $fpm->call('configured', $after, 'mj_status')['configuration'];
        self::assertSame(['value' => $after['api_url'], 'source' => 'configure', 'name' => 'api_url'], $configuration['api_url']);
        if ($sealed) {
            $found = (new Needles(['first' => $first, 'second' => $second]))->inFiles($state->path);
            self::assertSame([], $found);
        }
    }

    /** @return array<string, array{bool}> whether each token that comes with a task has a session of its own */
    public function sessions(): array
    {
        return ['one session' => [false], 'each token its own' => [true]];
    }

    /**
     * Tasks that run go on, and nothing is lost: the gateway session is resumed through the new proxy, and the old one may go.
     *
     * @dataProvider sessions
     */
    public function testAChangedProxyIsUsedFromTheNextConnectionOn(bool $sessions): void
    {
        $simulator = new Simulator(['--speed', '100', '--accounts', '2']);
        $state = new StateDirectory();
        $fpm = new Fpm(['mj.state_dir' => $state->path, 'mj.shutdown_grace' => '1'], 4);
        $simulator->control('config', ['set' => ['hold_finals' => true]]);
        $base = ['accounts' => null] + $simulator->config(['gateway' => 'user', 'concurrency' => 15, 'token_sessions' => $sessions]);
        $base = array_filter($base, static fn (mixed $value) => $value !== null);
        // With sessions the tasks of this one are of another hub than the settings.
        $guest = ['user_token' => $simulator->says['accounts'][1]['user_token']];
        $port = parse_url($simulator->says['api_url'], PHP_URL_PORT);
        $ids = [];
        $proxy = null;
        foreach (['socks5h', 'socks5h', null] as $round => $kind) {
            $old = $proxy;
            $proxy = $kind === null ? null : new ForwardProxy($kind);
            $settings = $base + ($proxy === null ? [] : ['proxy' => $proxy->url()]);
            foreach ([[], $guest] as $number => $options) {
                $ids[] = $fpm->call('configured', $settings, 'mj_imagine', "a fox of round $round, $number", $options);
            }
            $run = static fn (string $id) => $fpm->call('mj_poll', $id)['status'] === 'IN_PROGRESS';
            Until::true(static fn () => array_filter($ids, $run) === $ids, 60.0, static fn () => json_encode($fpm->call('mj_poll_many', $ids)));
            if ($proxy !== null) {
                Until::true(static fn () => $proxy->targets() === ["127.0.0.1:$port"], 60.0);
            }
            // Whoever still needed the old one would lose what comes now.
            unset($old);
        }
        $simulator->control('config', ['set' => ['hold_finals' => false]]);
        $simulator->control('release');
        $ended = static fn () => array_column($fpm->call('mj_poll_many', $ids), 'status');
        Until::true(static fn () => $ended() === array_fill(0, 6, 'SUCCESS'), 60.0, static fn () => json_encode($ended()));
        self::assertCount(6, $simulator->jobs(), 'nothing was sent twice');
        $record = $simulator->record();
        self::assertSame($sessions ? 2 : 1, $record['identifies'], 'each session went on');
        self::assertGreaterThanOrEqual(2, $record['resumes']);
        foreach ($ids as $id) {
            self::assertFalse($fpm->call('mj_poll', $id)['late']);
        }
    }

    /** A changed secret is a reload of php-fpm: the old owner goes, and the new one reads what it left. */
    public function testASecretIsSetAndChangedByReloads(): void
    {
        $simulator = new Simulator(['--speed', '100']);
        $state = new StateDirectory();
        $fpm = new Fpm($simulator->ini(['gateway' => 'both', 'state_dir' => $state->path]), 4);
        $needles = new Needles(['token' => $simulator->says['user_token'], 'bot' => $simulator->says['bot_token']]);
        [$old, $new] = [bin2hex(random_bytes(32)), bin2hex(random_bytes(32))];
        $simulator->control('config', ['set' => ['hold_finals' => true]]);
        $ids = [$fpm->call('mj_imagine', 'in the clear')];
        self::assertNotSame([], $needles->inFiles($state->path));
        foreach ([['secret' => $old], ['secret' => $new, 'secret_previous' => $old], ['secret' => $new]] as $number => $settings) {
            $lines = [];
            foreach ($settings as $name => $value) {
                $lines["php_admin_value[mj.$name]"] = $value;
            }
            $master = $fpm->workerPids();
            $fpm->configure($lines);
            $fpm->signal(SIGUSR2);
            Until::true(static fn () => ($now = $fpm->workerPids()) !== [] && array_intersect($master, $now) === [], 30.0);
            Until::true(static function () use ($fpm, &$ids, $number): bool {
                try {
                    $ids[] = $fpm->call('mj_imagine', "after reload $number");
                } catch (Lost) {
                    return false;
                }

                return true;
            }, 30.0);
            self::assertSame([], $needles->inFiles($state->path), "after reload $number");
        }
        $simulator->control('config', ['set' => ['hold_finals' => false]]);
        $ended = static function () use ($fpm, $simulator, $ids): array {
            $simulator->control('release');

            return array_column($fpm->call('mj_poll_many', $ids), 'status');
        };
        Until::true(static fn () => array_unique($ended()) === ['SUCCESS'], 60.0, static fn () => json_encode($fpm->call('mj_poll_many', $ids)));
        self::assertCount(4, $simulator->jobs());
        // Who comes with the old secret is told which setting is wrong.
        $fpm->configure(['php_admin_value[mj.secret]' => $old]);
        $fpm->stop();
        $fpm->start();
        $refused = $fpm->call('tried', 'mj_imagine', 'too late');
        self::assertSame('Mj\ConfigurationException', $refused['exception']);
        self::assertStringStartsWith('mj.secret: is not the secret', $refused['message']);
        self::assertSame('SUCCESS', $fpm->call('mj_poll', $ids[0])['status']);
    }
}
