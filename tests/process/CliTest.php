<?php

declare(strict_types=1);

namespace Mj\Tests\Process;

use PHPUnit\Framework\TestCase;

/** Command-line processes: short ones, forking ones, and those that stay. */
final class CliTest extends TestCase
{
    public function testAShortScriptSubmitsAndExits(): void
    {
        $simulator = new Simulator(['--speed', '20']);
        $state = new StateDirectory();
        $ini = ['mj.state_dir' => $state->path] + $simulator->ini(['gateway' => 'user']);

        $id = Cli::run('echo mj_imagine("a cat");', $ini);
        self::assertMatchesRegularExpression('/^[0-9A-Z]{26}$/', $id);
        $record = $simulator->record();
        self::assertCount(1, $simulator->jobs(), 'it was sent before the process ended');
        self::assertSame([], $record['connections'], 'and no gateway was opened');

        $task = json_decode(Cli::run('echo json_encode(mj_wait($data, 30));', $ini, $id), true);
        self::assertSame('SUCCESS', $task['status']);
        self::assertSame($simulator->jobs()[0]['job_id'], $task['job_id']);
    }

    public function testOneShotScriptsTogetherSendEachTaskOnceAndOpenNoGateway(): void
    {
        $seconds = (int) (getenv('MJ_ONE_SHOT_SECONDS') ?: 60);
        $simulator = new Simulator(['--speed', '1000', '--accounts', '20']);
        $state = new StateDirectory();
        $ini = ['mj.state_dir' => $state->path];
        $config = $simulator->config(['gateway' => 'user', 'concurrency' => 15]);
        $accounts = $simulator->accountNames();

        $running = $ids = [];
        $begin = microtime(true);
        for ($i = 0; $i < $seconds * 10; ++$i) {
            Until::true(static fn () => microtime(true) >= $begin + $i / 10, 10.0);
            $running[] = new Cli('mj_configure($data[0]); echo mj_imagine($data[1], ["account" => $data[2]]);', $ini, [$config, "one shot $i", $accounts[$i % count($accounts)]]);
            if (count($running) > 20) {
                $ids[] = self::end(array_shift($running));
            }
        }
        foreach ($running as $cli) {
            $ids[] = self::end($cli);
        }
        self::assertCount($seconds * 10, array_unique($ids));

        $record = $simulator->record();
        self::assertSame([], $record['connections'], 'no gateway was opened');
        $left = json_decode(Cli::run('mj_configure($data[0]); $open = []; foreach (array_chunk($data[1], 500) as $ids) { foreach (mj_poll_many($ids) as $id => $task) { if (in_array($task["status"], ["NOT_START"])) { $open[] = $id; } } } echo json_encode($open);', $ini, [$config, $ids]), true);
        if ($left !== []) {
            Cli::run('mj_configure($data[0]); foreach ($data[1] as $id) { while (mj_poll($id)["status"] === "NOT_START") { mj_wait($id, 0.1); } }', $ini, [$config, $left]);
        }
        $prompts = array_map(static fn (array $job) => preg_replace('/ --.*/', '', $job['prompt']), $simulator->jobs());
        sort($prompts);
        $wanted = array_map(static fn (int $i) => "one shot $i", range(0, $seconds * 10 - 1));
        sort($wanted);
        self::assertSame($wanted, $prompts, 'each was sent once');
    }

    public function testParentAndForkedChildrenShareOneGateway(): void
    {
        $simulator = new Simulator(['--speed', '20']);
        $state = new StateDirectory();
        $ini = ['mj.state_dir' => $state->path] + $simulator->ini(['gateway' => 'user']);

        $out = Cli::run(<<<'PHP'
            $mine = mj_imagine("from the parent");
            mj_wait($mine, 0.5);
            $children = [];
            for ($i = 0; $i < 4; ++$i) {
                $pid = pcntl_fork();
                if ($pid === 0) {
                    $task = mj_wait(mj_imagine("from child $i"), 30);
                    file_put_contents("{$data}/child-$i", $task["status"]);
                    exit(0);
                }
                $children[] = $pid;
            }
            foreach ($children as $pid) {
                pcntl_waitpid($pid, $status);
            }
            echo mj_wait($mine, 30)["status"];
            PHP, $ini, $state->path);
        self::assertSame('SUCCESS', $out);
        for ($i = 0; $i < 4; ++$i) {
            self::assertSame('SUCCESS', file_get_contents($state->path . "/child-$i"));
        }
        $record = $simulator->record();
        self::assertCount(5, $simulator->jobs());
        self::assertSame(1, $record['most_open_connections']);
    }

    public function testShortRunsWithALiveEngineEndCleanly(): void
    {
        $runs = (int) (getenv('MJ_SHORT_RUNS') ?: 1000);
        $simulator = new Simulator(['--speed', '1000']);
        $state = new StateDirectory();
        $ini = ['mj.state_dir' => $state->path, 'mj.shutdown_grace' => '0'] + $simulator->ini(['gateway' => 'user', 'queue_size' => '100000']);

        $running = [];
        for ($i = 0; $i < $runs; ++$i) {
            $running[] = new Cli('$id = mj_imagine("a cat"); if ($data % 2) { mj_wait($id, 0.02); } echo $id;', $ini, $i);
            if (count($running) >= 4) {
                self::end(array_shift($running));
            }
        }
        foreach ($running as $cli) {
            self::end($cli);
        }
        $this->addToAssertionCount($runs);
    }

    private static function end(Cli $cli): string
    {
        [$out, $err] = $cli->wait(30.0);
        self::assertSame(0, $cli->exitCode(), "a crash or an error: $out$err");
        self::assertMatchesRegularExpression('/^[0-9A-Z]{26}$/', $out, $err);

        return $out;
    }
}
