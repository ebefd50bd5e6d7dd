<?php

declare(strict_types=1);

namespace Mj\Tests\Process;

use PHPUnit\Framework\TestCase;

/** Settings from the environment, as containers have them. */
final class EnvironmentTest extends TestCase
{
    /** @var list<string> */
    private array $set = [];

    protected function tearDown(): void
    {
        foreach ($this->set as $name) {
            putenv($name);
        }
    }

    public function testAContainersEnvironmentIsAllThatAScriptNeeds(): void
    {
        [$simulator, $state] = [new Simulator(['--speed', '100']), new StateDirectory()];
        $secret = $state->path . '/token';
        file_put_contents($secret, $simulator->says['user_token'] . "\n");
        $this->environment($simulator, $state, ['user_token' => null]);
        $this->put('MJ_USER_TOKEN_FILE', $secret);
        $this->put('MJ_SECRET', bin2hex(random_bytes(32)));
        $code = '$task = mj_wait(mj_imagine("a fox"), 30); $c = mj_status()["configuration"];
            echo json_encode([$task["status"], $c["user_token"], $c["max_wait"], $c["spacing"]]);';

        [$status, $token, $wait, $spacing] = json_decode(Cli::run($code, ['mj.max_wait' => '20', 'mj.shutdown_grace' => '1']), true);

        self::assertSame('SUCCESS', $status);
        self::assertSame(['value' => 'set, hidden', 'source' => 'environment', 'name' => 'MJ_USER_TOKEN_FILE'], $token);
        self::assertSame(['value' => '20', 'source' => 'ini', 'name' => 'mj.max_wait'], $wait);
        self::assertSame(['value' => '350ms', 'source' => 'default', 'name' => 'mj.spacing'], $spacing);
        self::assertStringNotContainsString($simulator->says['user_token'], (string) file_get_contents($state->path . '/store.sqlite-wal'));
    }

    /** The master reads it: `clear_env` hides it from scripts only, and a file may be root's alone. */
    public function testPhpFpmHasItThoughWorkersDoNot(): void
    {
        [$simulator, $state] = [new Simulator(['--speed', '100']), new StateDirectory()];
        $secret = sys_get_temp_dir() . '/mj-secret-' . bin2hex(random_bytes(6));
        file_put_contents($secret, $simulator->says['user_token']);
        chmod($secret, 0400);
        $this->environment($simulator, $state, ['user_token' => null]);
        $this->put('MJ_USER_TOKEN_FILE', $secret);
        $fpm = new Fpm([], 2, ['env[MJ_MAX_WAIT]' => '3']);
        unlink($secret);

        self::assertFalse($fpm->call('environment', 'MJ_USER_TOKEN_FILE'));
        self::assertSame('3', $fpm->call('environment', 'MJ_MAX_WAIT'));
        $id = $fpm->call('mj_imagine', 'a fox');
        Until::true(static fn () => $fpm->call('mj_poll', $id)['status'] === 'SUCCESS', 30.0);
        $configuration = $fpm->call('mj_status')['configuration'];
        self::assertSame('environment', $configuration['user_token']['source']);
        // What a pool gives its workers comes after PHP has read the environment: php_admin_value is for pools.
        self::assertSame('default', $configuration['max_wait']['source']);
        self::assertSame('ini', $fpm->callFor(['mj.max_wait' => '4'], 'mj_status')['configuration']['max_wait']['source']);
    }

    public function testWhatIsWrongIsNamedByItsVariable(): void
    {
        $this->put('MJ_GUILD_ID', 'general');
        $this->put('MJ_CHANNEL_ID', '1100000000000000001');
        $this->put('MJ_USER_TOKEN_FILE', '/nowhere/at/all');
        $tried = static fn (array $ini) => Cli::run('try { mj_imagine("a fox"); } catch (Mj\ConfigurationException $e) { echo $e->getMessage(); }', $ini);

        self::assertStringStartsWith('MJ_USER_TOKEN_FILE: names a file that cannot be read', $tried([]));
        self::assertStringStartsWith('MJ_GUILD_ID: must be a Discord id', $tried(['mj.user_token' => 'a.token.of-a-test']));
        $this->put('MJ_USER_TOKEN', 'another.token.of-a-test');
        self::assertSame('MJ_USER_TOKEN_FILE: is set, and MJ_USER_TOKEN too: set one of them', $tried([]));
    }

    /** @param array<string, mixed> $more */
    private function environment(Simulator $simulator, StateDirectory $state, array $more): void
    {
        foreach ($simulator->ini(['gateway' => 'both', 'state_dir' => $state->path] + $more) as $name => $value) {
            $this->put('MJ_' . strtoupper(substr($name, 3)), $value);
        }
    }

    private function put(string $name, string $value): void
    {
        $this->set[] = $name;
        putenv("$name=$value");
    }
}
