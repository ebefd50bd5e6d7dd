<?php

declare(strict_types=1);

namespace Mj\Tests\Process;

use PHPUnit\Framework\TestCase;

/** A process that forks while its engine's thread writes: every child goes on with a store of its own. */
final class ForkTest extends TestCase
{
    /** How many children there are, one after the other as fast as they can be forked. */
    private const CHILDREN = 120;

    public function testChildrenForkedDuringWritesAllGoOn(): void
    {
        $simulator = new Simulator(['--speed', '1000', '--accounts', '10']);
        $state = new StateDirectory();
        $config = $simulator->config(['gateway' => 'user', 'spacing' => '1ms', 'concurrency' => 15, 'queue_size' => 10_000]);
        $accounts = $simulator->accountNames();

        $out = Cli::run(<<<'PHP'
            [$config, $accounts, $children] = $data;
            mj_configure($config);
            $submit = static fn (int $number, string $whose): string
                => mj_imagine("$whose picture $number", ['account' => $accounts[$number % count($accounts)]]);
            // What keeps the engine's thread writing.
            for ($i = 0; $i < 200; ++$i) {
                $submit($i, "the parent's");
            }
            $running = [];
            for ($i = 0; $i < $children; ++$i) {
                $submit($i, "another");
                $pid = pcntl_fork();
                if ($pid === 0) {
                    $id = $submit($i, "a child's");
                    $known = mj_poll($id)['id'] === $id && mj_status() !== [];
                    exit($known ? 0 : 1);
                }
                $running[$pid] = true;
            }
            $until = microtime(true) + 60.0;
            $well = 0;
            while ($running !== [] && microtime(true) < $until) {
                $pid = pcntl_waitpid(-1, $status, WNOHANG);
                if ($pid > 0) {
                    $well += (int) ($status === 0);
                    unset($running[$pid]);
                }
                usleep(1_000);
            }
            foreach (array_keys($running) as $pid) {
                exec("kill -KILL $pid");
            }
            echo $well, ' well, ', count($running), ' hung';
            PHP, ['mj.state_dir' => $state->path, 'mj.shutdown_grace' => '0'], [$config, $accounts, self::CHILDREN], 120.0);
        self::assertSame(self::CHILDREN . ' well, 0 hung', $out);

        // Nothing of what was taken is lost, whoever took it.
        $owner = new Cli('mj_configure($data); mj_serve(90);', ['mj.state_dir' => $state->path], $config);
        $all = 200 + 2 * self::CHILDREN;
        Until::true(static fn () => count($simulator->jobs()) >= $all, 60.0, static fn () => count($simulator->jobs()) . " of $all sent");
        $owner->signal(SIGKILL);
        $jobs = $simulator->jobs();
        self::assertCount($all, $jobs);
        self::assertCount($all, array_unique(array_map(static fn (array $job) => preg_replace('/ --.*/', '', $job['prompt']), $jobs)), 'each was sent once');
    }
}
