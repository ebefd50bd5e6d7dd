<?php

declare(strict_types=1);

namespace Mj\Tests\Chaos;

use Mj\Tests\Process\Simulator;
use Mj\Tests\Process\StateDirectory;
use PHPUnit\Framework\TestCase;

/** Command-line processes that submit, fork, wait and serve, and are killed at random. */
final class CliTest extends TestCase
{
    private const TASKS = 0.06;
    private const SECONDS = 600.0;

    /** @return array<string, array{string}> the name for ONLY= */
    public function scripts(): array
    {
        return ['cli' => ['cli']];
    }

    /** @dataProvider scripts */
    public function testEveryTaskEndsOnceWithItsPicture(string $name): void
    {
        mt_srand(Scenario::seed());
        $simulator = new Simulator(['--speed', '100', '--accounts', '20', '--config', '{"history":100000}']);
        $state = new StateDirectory();
        $config = $simulator->config(['gateway' => 'user', 'timeout' => 120]);
        $scripts = new Scripts(['mj.state_dir' => $state->path], $config);
        $load = new Load($scripts, $config, $simulator->accountNames(), Load::imaginesFor(Scenario::tasks(self::TASKS)));
        $strikes = new Strikes((new ServerStrikes($scripts, $load, $state->path))->all());
        (new Scenario($name, $scripts, $simulator, $load, $strikes))->run(self::SECONDS);
        self::assertGreaterThan(0, $scripts->killed, 'short scripts were killed, too');
    }
}
