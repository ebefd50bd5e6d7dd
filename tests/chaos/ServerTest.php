<?php

declare(strict_types=1);

namespace Mj\Tests\Chaos;

use Mj\Tests\Process\Simulator;
use Mj\Tests\Process\StateDirectory;
use PHPUnit\Framework\TestCase;

/** PHP's built-in server and Apache's prefork under load, while they are killed, stopped and restarted. */
final class ServerTest extends TestCase
{
    private const TASKS = 0.125;
    private const SECONDS = 600.0;

    /** @return array<string, array{string}> the name for ONLY= */
    public function builtIn(): array
    {
        return ['built-in' => ['built-in']];
    }

    /** @return array<string, array{string}> the name for ONLY= */
    public function apache(): array
    {
        return ['apache' => ['apache']];
    }

    /** @dataProvider builtIn */
    public function testTheTasksOfPhpsOwnServerEndOnce(string $name): void
    {
        $this->play($name, static fn (array $ini) => new BuiltInServer($ini), static fn (BuiltInServer $server) => [
            'restarts' => static function () use ($server): bool {
                $server->stop(mt_rand(0, 1) === 0 ? SIGTERM : SIGKILL);
                $server->start();

                return true;
            },
        ]);
    }

    /** @dataProvider apache */
    public function testApachesTasksEndOnce(string $name): void
    {
        if (($missing = Apache::missing()) !== null) {
            self::markTestSkipped("Apache with prefork is left out: the package $missing is not installed");
        }
        $this->play($name, static fn (array $ini) => new Apache($ini), static fn (Apache $server) => [
            'graceful restarts' => static function () use ($server): bool {
                $server->signal(SIGUSR1);

                return true;
            },
            'restarts' => static function () use ($server): bool {
                $server->signal(SIGHUP);

                return true;
            },
            'stops' => static function () use ($server): bool {
                // SIGWINCH is Apache's graceful stop.
                $server->stop([SIGWINCH, SIGTERM, SIGKILL][mt_rand(0, 2)]);
                $server->start();

                return true;
            },
        ]);
    }

    private function play(string $name, callable $make, callable $more): void
    {
        mt_srand(Scenario::seed());
        $simulator = new Simulator(['--speed', '100', '--accounts', '20', '--config', '{"history":100000}']);
        $user = $name === 'built-in' ? posix_getpwuid(posix_geteuid())['name'] : 'www-data';
        $state = new StateDirectory($user);
        $site = $make(['mj.state_dir' => $state->path]);
        $config = $simulator->config(['gateway' => 'user', 'timeout' => 120]);
        $load = new Load($site, $config, $simulator->accountNames(), Load::imaginesFor(Scenario::tasks(self::TASKS)));
        $strikes = new Strikes((new ServerStrikes($site, $load, $state->path))->all() + $more($site));
        (new Scenario($name, $site, $simulator, $load, $strikes))->run(self::SECONDS);
    }
}
