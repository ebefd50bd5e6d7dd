<?php

declare(strict_types=1);

namespace Mj\Tests\Chaos;

use Mj\Tests\Process\Cli;
use Mj\Tests\Process\Extension;
use Mj\Tests\Process\Fpm;
use Mj\Tests\Process\Simulator;
use Mj\Tests\Process\StateDirectory;
use PHPUnit\Framework\TestCase;

/**
 * Processes that may not open files, have memory, or start threads: what they cannot do is an exception, nothing hangs,
 * and what they did take is finished by others.
 */
final class LimitsTest extends TestCase
{
    /** A script under `ulimit` ends within this many seconds, whatever happens. */
    private const SECONDS = 25.0;

    /**
     * @return array<string, array{string, list<int>, list<int>}> what `ulimit` is told, its values, and the exits beside
     *                                                            0 that a script may have
     */
    public function limits(): array
    {
        return [
            // 3 are PHP's own; the loader needs one more.
            'files' => ['n', [5, 6, 7, 8, 10, 12, 14, 16, 18, 20, 24, 28], [127, 255]],
            // In kB: PHP itself needs some 70 MB of addresses; without memory Rust and PHP abort.
            'addresses' => ['v', [90_000, 100_000, 110_000, 120_000, 130_000, 150_000, 180_000, 250_000], [127, 134, 139, 255]],
            // The user's own process counts; threads do.
            'threads' => ['u', [1, 2, 3, 4], [255]],
        ];
    }

    /**
     * @dataProvider limits
     *
     * @param list<int> $values
     * @param list<int> $exits
     */
    public function testWhatALimitedScriptWasPromisedIsKept(string $option, array $values, array $exits): void
    {
        if (posix_geteuid() !== 0) {
            self::markTestSkipped('only root can run scripts as another user');
        }
        $simulator = new Simulator(['--speed', '50']);
        $state = new StateDirectory();
        $ini = ['mj.state_dir' => $state->path] + $simulator->ini(['gateway' => 'user']);
        $ids = [];
        foreach ($values as $value) {
            [$exit, $out, $err] = $this->limited("-$option $value", $ini, 'try { echo $id = mj_imagine("picture ' . $value . '"); mj_wait($id, 1.0); } catch (Mj\MjException $thrown) { fwrite(STDERR, $thrown::class . ": " . $thrown->getMessage()); exit(7); }');
            self::assertContains($exit, [0, 7, ...$exits], "ulimit -$option $value: exit $exit, $out$err");
            self::assertStringNotContainsString('panicked', $err, "ulimit -$option $value");
            if ($exit === 7) {
                self::assertMatchesRegularExpression('/mj\.state_dir|too many open files|no thread/i', $err, "ulimit -$option $value: an exception says what is wrong");
            }
            if (preg_match('/^[0-9A-Z]{26}$/', $out) === 1) {
                $ids[$value] = $out;
            }
        }
        self::assertNotSame([], $ids, 'some were taken');
        // An unlimited process finishes what was taken.
        foreach ($ids as $value => $id) {
            $task = json_decode(Cli::run('echo json_encode(mj_wait($data, 60));', $ini, $id), true);
            self::assertSame('SUCCESS', $task['status'], "ulimit -$option $value: " . json_encode($task));
        }
        $jobs = $simulator->jobs();
        self::assertCount(count($ids), array_unique(array_column($jobs, 'prompt')), 'each once');
        self::assertCount(count($ids), $jobs, 'none that PHP was not told of');
    }

    public function testWorkersWithoutDescriptorsSaySoAndGoOnWhenTheyHaveSome(): void
    {
        $simulator = new Simulator(['--speed', '20']);
        $state = new StateDirectory();
        $fpm = new Fpm(['mj.state_dir' => $state->path] + $simulator->ini(['gateway' => 'user']), 2, ['rlimit_files' => '64']);
        $stay = new Stay($fpm, $simulator);
        $stay->submit(2);
        $stay->assertAllEndOnce(60.0);

        // The site's own code takes all there are, for as long as its request runs.
        for ($round = 0; $round < 6; ++$round) {
            $says = $fpm->calls(array_fill(0, 2, ['starved', 'mj_imagine', "while there are none, $round", ['idempotency_key' => "starved-$round"]]))[0];
            self::assertIsArray($says);
            if (isset($says['exception'])) {
                self::assertSame('Mj\StorageException', $says['exception'], json_encode($says));
                self::assertStringContainsString('Too many open files', $says['message']);
            }
        }
        $taken = array_filter(array_map(static fn (int $round) => $fpm->call('mj_imagine', "while there are none, $round", ['idempotency_key' => "starved-$round"]), range(0, 5)));
        $stay->adopt($taken);
        $stay->submit(2);
        $stay->assertAllEndOnce(60.0);
        $stay->tell('no descriptors');
    }

    public function testAWorkerThatReachedItsMemoryLimitAnswersTheNextRequest(): void
    {
        $simulator = new Simulator(['--speed', '20']);
        $state = new StateDirectory();
        $fpm = new Fpm(['mj.state_dir' => $state->path, 'memory_limit' => '2M', 'display_errors' => '0', 'log_errors' => '0'] + $simulator->ini(['gateway' => 'user', 'queue_size' => '10000', 'concurrency' => '1']), 1);
        for ($number = 0; $number < 300; ++$number) {
            $fpm->call('mj_imagine', str_repeat("a long prompt $number ", 100));
        }
        $pid = $fpm->call('pid');
        $deaths = 0;
        for ($round = 0; $round < 20; ++$round) {
            $deaths += is_array($fpm->calls([['mj_tasks', [], 300]], 10.0)[0]) ? 0 : 1;
            self::assertIsArray($fpm->call('mj_status'), 'the worker lives and holds no lock');
        }
        self::assertSame(20, $deaths, 'the limit was reached inside mj_tasks()');
        self::assertSame($pid, $fpm->call('pid'), 'in the same process');
        self::assertIsString($fpm->call('mj_imagine', 'one more'));
    }

    /**
     * @param  array<string, string> $ini
     * @return array{int, string, string} exit, output, errors
     */
    private function limited(string $limit, array $ini, string $code): array
    {
        $command = [PHP_BINARY, '-n', '-d', 'extension=' . Extension::path(), '-d', 'display_errors=stderr'];
        foreach ($ini as $name => $value) {
            array_push($command, '-d', "$name=\"$value\"");
        }
        array_push($command, '-r', $code);
        // setpriv sets the user first, so that the limit of processes is that user's.
        $inner = "ulimit $limit; exec " . implode(' ', array_map('escapeshellarg', $command));
        $process = proc_open(['timeout', '-s', 'KILL', (string) self::SECONDS, 'setpriv', '--reuid=www-data', '--regid=www-data', '--clear-groups', 'bash', '-c', $inner], [['file', '/dev/null', 'r'], ['pipe', 'w'], ['pipe', 'w']], $pipes);
        [$out, $err] = [stream_get_contents($pipes[1]), stream_get_contents($pipes[2])];

        return [proc_close($process), $out, $err];
    }
}
