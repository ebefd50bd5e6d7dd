<?php

declare(strict_types=1);

namespace Mj\Tests\Chaos;

use Mj\Tests\Process\Fpm;
use Mj\Tests\Process\Simulator;
use Mj\Tests\Process\StateDirectory;
use PHPUnit\Framework\TestCase;

/** php-fpm under load, while everything happens to it that happens to a php-fpm. */
final class FpmTest extends TestCase
{
    private const TASKS = 0.235;
    private const SECONDS = 600.0;

    /** Pools of eight workers at most. */
    public const POOLS = [
        'static' => [],
        'dynamic' => ['pm' => 'dynamic', 'pm.start_servers' => '3', 'pm.min_spare_servers' => '2', 'pm.max_spare_servers' => '4'],
        'ondemand' => ['pm' => 'ondemand', 'pm.process_idle_timeout' => '5s'],
    ];

    /** @return iterable<string, array{string}> */
    public function pools(): iterable
    {
        foreach (array_keys(self::POOLS) as $pool) {
            yield "fpm-$pool" => [$pool];
        }
    }

    /** @dataProvider pools */
    public function testEveryTaskEndsOnceWithItsPicture(string $pool): void
    {
        mt_srand(Scenario::seed());
        $simulator = new Simulator(['--speed', '100', '--accounts', '20', '--config', '{"history":100000}']);
        $state = new StateDirectory();
        $fpm = new Fpm(['mj.state_dir' => $state->path], 8, self::POOLS[$pool]);
        $config = $simulator->config(['gateway' => 'user', 'timeout' => 120]);
        $load = new Load($fpm, $config, $simulator->accountNames(), Load::imaginesFor(Scenario::tasks(self::TASKS), true), forms: true);
        $strikes = new Strikes((new FpmStrikes($fpm, $config, $load, $state->path))->all());
        (new Scenario("fpm $pool", $fpm, $simulator, $load, $strikes))->run(self::SECONDS);
    }
}
