<?php

declare(strict_types=1);

namespace Mj\Tests\Process;

use Mj\Tests\Chaos\FpmStrikes;
use Mj\Tests\Chaos\FpmTest as Pools;
use Mj\Tests\Chaos\Load;
use Mj\Tests\Chaos\Scenario;
use Mj\Tests\Chaos\Strikes;
use PHPUnit\Framework\TestCase;

/**
 * The short form of `make chaos`: a few hundred tasks through each kind of gateway and of pool, while owners, workers and
 * masters are killed, stopped and reloaded. Nothing is lost, nothing sent twice, no picture given to the wrong task.
 *
 * MJ_CHAOS_SHORT sets how many tasks each has (400 when not set), MJ_CHAOS_SEED what is done to the processes.
 */
final class ChaosTest extends TestCase
{
    private const SECONDS = 240.0;

    /** @return array<string, array{string, string}> a gateway and a pool */
    public function gateways(): array
    {
        return ['user gateway' => ['user', 'static'], 'bot gateway' => ['bot', 'dynamic'], 'both gateways' => ['both', 'ondemand']];
    }

    /** @dataProvider gateways */
    public function testEveryTaskEndsOnceWithItsPicture(string $gateway, string $pool): void
    {
        mt_srand(Scenario::seed());
        $simulator = new Simulator(['--speed', '100', '--accounts', '20', '--config', '{"history":100000}']);
        $state = new StateDirectory();
        $fpm = new Fpm(['mj.state_dir' => $state->path], 8, Pools::POOLS[$pool]);
        $config = $simulator->config(['gateway' => $gateway, 'timeout' => 120]);
        $load = new Load($fpm, $config, $simulator->accountNames(), Load::imaginesFor((int) (getenv('MJ_CHAOS_SHORT') ?: 400)));
        $strikes = new Strikes((new FpmStrikes($fpm, $config, $load, $state->path))->all(), 0.1, 0.8);
        (new Scenario("$gateway gateway, $pool", $fpm, $simulator, $load, $strikes))->run(self::SECONDS);
        self::assertGreaterThan(5, $strikes->total());
    }
}
