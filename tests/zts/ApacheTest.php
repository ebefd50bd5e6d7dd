<?php

declare(strict_types=1);

namespace Mj\Tests\Zts;

use Mj\Tests\Process\Lost;
use Mj\Tests\Process\Prompt;
use Mj\Tests\Process\Simulator;
use Mj\Tests\Process\StateDirectory;
use Mj\Tests\Process\Until;
use PHPUnit\Framework\TestCase;

/** Sixteen threads of PHP in one process of Apache, and one engine for all of them. */
final class ApacheTest extends TestCase
{
    private ?Apache $apache = null;

    /** Nothing that happens here may crash a process that the test did not kill itself. */
    protected function tearDown(): void
    {
        if ($this->apache !== null) {
            $log = $this->apache->log();
            $this->apache = null;
            self::assertDoesNotMatchRegularExpression('/Segmentation|Aborted|Bus error|zend_mm|panicked/', $log);
        }
    }

    /** @return array<string, array{string, int, bool, array<string, int>}> */
    public function servers(): array
    {
        return [
            'one process of mpm_event' => ['event', 1, false, []],
            'two processes of mpm_worker, killed at random' => ['worker', 2, true, []],
            'two processes that live for 200 connections' => ['event', 2, false, ['MaxConnectionsPerChild' => 200]],
        ];
    }

    /**
     * @dataProvider servers
     *
     * @param array<string, int> $settings
     */
    public function testEveryTaskOfManyThreadsEndsWithItsOwnPicture(string $mpm, int $processes, bool $kills, array $settings): void
    {
        $count = (int) (getenv('MJ_ZTS_TASKS') ?: 500);
        $simulator = new Simulator(['--speed', '100', '--accounts', '10']);
        $state = new StateDirectory();
        $apache = $this->apache = new Apache([[]], ['mj.state_dir' => $state->path], $processes, 16, $settings, $mpm);
        $config = $simulator->config(['gateway' => 'user', 'timeout' => 600, 'queue_size' => 10_000]);
        $accounts = $simulator->accountNames();

        $ids = $ended = $pids = [];
        $killed = 0;
        $until = microtime(true) + 600.0;
        $nextKill = microtime(true) + 2.0;
        while (count($ended) < $count && microtime(true) < $until) {
            // Twelve submissions, and four that look at what is open, all at once.
            $calls = [];
            for ($i = 0; $i < $count && count($calls) < 12; ++$i) {
                if (!isset($ids[$i])) {
                    $calls["submit $i"] = [0, 'configured', $config, 'mj_imagine', "picture number $i", ['account' => $accounts[$i % 10], 'idempotency_key' => "zts-$i"]];
                }
            }
            foreach (array_chunk(array_diff_key($ids, $ended), 100, true) as $number => $chunk) {
                $calls["poll $number"] = [0, 'configured', $config, 'mj_poll_many', array_values($chunk)];
            }
            $calls['where'] = [0, 'where'];
            foreach ($apache->calls($calls, 30.0) as $key => $answer) {
                if ($answer instanceof Lost) {
                    continue;
                }
                self::assertFalse($answer instanceof \Throwable, $answer instanceof \Throwable ? $answer->getMessage() : '');
                [$what, $number] = explode(' ', "$key ");
                if ($what === 'submit') {
                    $ids[(int) $number] = $answer;
                } elseif ($what === 'poll') {
                    self::assertNotContains(null, $answer, 'a task was lost');
                    foreach ($answer as $id => $task) {
                        if (in_array($task['status'], ['SUCCESS', 'FAILURE', 'CANCEL'], true)) {
                            $ended[array_search($id, $ids, true)] = $task;
                        }
                    }
                } else {
                    $pids[$answer[0]] = true;
                }
            }
            if ($kills && microtime(true) > $nextKill && count($ended) < 0.8 * $count) {
                $owner = $apache->calls([[0, 'configured', $config, 'mj_status']])[0];
                $pid = is_array($owner) ? ($owner['owner']['pid'] ?? 0) : 0;
                if (in_array($pid, $apache->pids(), true) && posix_kill($pid, SIGKILL)) {
                    ++$killed;
                    $nextKill = microtime(true) + 3.0;
                }
            }
        }

        $open = array_values(array_diff_key($ids, $ended));
        self::assertSame([], $open, $open === [] ? '' : json_encode($apache->calls([[0, 'configured', $config, 'mj_poll_many', $open], [0, 'configured', $config, 'mj_status']])));
        self::assertCount($count, array_unique($ids), 'every submission has a task of its own');
        self::compare($ended, $simulator->jobs());
        $record = $simulator->record();
        fwrite(STDERR, sprintf(
            "\n%s: %d tasks, %d processes seen, %d killed, %d identifies, %d resumes\n",
            $this->dataName(),
            count($ended),
            count($pids),
            $killed,
            $record['identifies'],
            $record['resumes'],
        ));
        self::assertSame(1, $record['identifies'], 'all threads and all processes share one session');
        self::assertSame($kills, $killed > 0);
        if ($settings !== []) {
            self::assertGreaterThan(2, count($pids), 'processes came and went');
        }
    }

    /** @return array<string, array{bool}> */
    public function directories(): array
    {
        return ['one state directory' => [false], 'a state directory each' => [true]];
    }

    /** @dataProvider directories */
    public function testSitesOfOneProcessKeepTheirSettingsApart(bool $each): void
    {
        $simulators = [new Simulator(['--speed', '100']), new Simulator(['--speed', '100', '--seed', '2'])];
        $states = [new StateDirectory(), new StateDirectory()];
        $sites = [];
        foreach ($simulators as $site => $simulator) {
            $sites[] = $simulator->ini([
                'gateway' => 'user',
                'state_dir' => $states[$each ? $site : 0]->path,
                'cdn_url' => "https://pictures$site.example.com",
                'concurrency' => '10',
                'spacing' => '10ms',
            ]);
        }
        $apache = $this->apache = new Apache($sites);

        $ids = [[], []];
        for ($round = 0; $round < 5; ++$round) {
            $calls = [];
            for ($i = 0; $i < 16; ++$i) {
                $calls[$i] = [$i % 2, 'mj_imagine', "site " . $i % 2 . " asks in round $round for " . intdiv($i, 2)];
            }
            foreach ($apache->calls($calls) as $i => $id) {
                self::assertIsString($id, is_object($id) ? $id->getMessage() : '');
                $ids[$i % 2][] = $id;
            }
        }
        // What a script of one site configures is not the other's, whatever thread both are served by.
        $elsewhere = $simulators[0]->config(['gateway' => 'user', 'state_dir' => $states[0]->path, 'cdn_url' => 'https://configured.example.com', 'accounts' => null]);
        $apache->calls(array_fill(0, 32, [0, 'configured', $elsewhere, 'where']));
        $address = 'https://cdn.discordapp.com/attachments/1/2/a.png';
        foreach ($apache->calls(array_fill(0, 32, [1, 'mj_image_url', $address])) as $shown) {
            self::assertSame('https://pictures1.example.com/attachments/1/2/a.png', $shown);
        }

        foreach ($ids as $site => $ofSite) {
            $tasks = [];
            Until::true(static function () use ($apache, $site, $ofSite, &$tasks): bool {
                $tasks = $apache->call($site, 'mj_poll_many', $ofSite);

                return array_unique(array_column($tasks, 'status')) === ['SUCCESS'];
            }, 90.0, static function () use (&$tasks): string {
                return json_encode(array_count_values(array_column($tasks, 'status'))) . json_encode(end($tasks));
            });
            $jobs = $simulators[$site]->jobs();
            self::assertCount(count($ofSite), $jobs);
            foreach ($jobs as $job) {
                self::assertStringStartsWith("site $site asks", $job['prompt']);
            }
            self::assertSame(1, $simulators[$site]->record()['identifies']);
            self::assertSame('', $apache->call($site, 'ini', 'mj.user_token'), 'nobody reads a token back');
        }
    }

    public function testWaitsOfManyThreadsAreBoundedAndWoken(): void
    {
        $simulator = new Simulator(['--speed', '20']);
        $state = new StateDirectory();
        $apache = $this->apache = new Apache([
            $simulator->ini(['gateway' => 'user', 'state_dir' => $state->path, 'max_wait' => '2']),
            $simulator->ini(['gateway' => 'user', 'state_dir' => $state->path, 'max_wait' => '30']),
        ]);
        $simulator->control('config', ['set' => ['hold_finals' => true]]);
        $id = $apache->call(0, 'mj_imagine', 'a picture that takes its time');
        foreach ($apache->calls(array_fill(0, 12, [0, 'timed', 'mj_wait', $id, 60.0])) as $one) {
            self::assertIsArray($one, is_object($one) ? $one->getMessage() : '');
            self::assertNotSame('SUCCESS', $one['result']['status']);
            self::assertEqualsWithDelta(2.0, $one['ended'] - $one['began'], 0.8, 'mj.max_wait bounds each');
        }
        $waiting = $apache->begin(array_fill(0, 12, [1, 'timed', 'mj_wait', $id, 60.0]));
        // A call that is served while twelve threads wait.
        self::assertNotSame('SUCCESS', $apache->call(0, 'mj_wait', $id, 0.5)['status']);
        $simulator->control('release');
        $ends = [];
        foreach (Apache::answers($waiting, 40.0) as $one) {
            self::assertIsArray($one, is_object($one) ? $one->getMessage() : '');
            self::assertSame('SUCCESS', $one['result']['status']);
            $ends[] = $one['ended'];
        }
        self::assertLessThan(0.5, max($ends) - min($ends), 'all are woken by the same change');
    }

    public function testAGracefulRestartLosesNothingAndForgetsWhatTheConfigurationNoLongerSays(): void
    {
        $simulator = new Simulator(['--speed', '100', '--accounts', '4']);
        $state = new StateDirectory();
        $ini = $simulator->ini(['gateway' => 'user', 'state_dir' => $state->path, 'shutdown_grace' => '2']);
        $apache = $this->apache = new Apache([[]], $ini, 1, 16, ['GracefulShutdownTimeout' => 20]);

        $ids = [];
        for ($round = 0; $round < 4; ++$round) {
            foreach ($apache->calls(array_map(static fn (int $i) => [0, 'mj_imagine', "round $round, picture $i"], range(0, 7))) as $id) {
                self::assertIsString($id, is_object($id) ? $id->getMessage() : '');
                $ids[] = $id;
            }
            // A session that is not there yet cannot be resumed.
            Until::true(static fn () => ($apache->call(0, 'mj_status')['gateway']['user']['state'] ?? null) === 'live', 60.0);
            $apache->graceful();
        }
        $tasks = [];
        Until::true(static function () use ($apache, $ids, &$tasks): bool {
            $tasks = $apache->call(0, 'mj_poll_many', $ids);

            return array_unique(array_column($tasks, 'status')) === ['SUCCESS'];
        }, 90.0, static function () use (&$tasks): string {
            return json_encode(array_count_values(array_column($tasks, 'status')));
        });
        self::compare($tasks, $simulator->jobs());
        self::assertSame(1, $simulator->record()['identifies'], 'each successor resumes');

        // Without a token in php.ini there is no hub any more, though the library stayed in memory.
        $apache->configure(array_diff_key($ini, ['mj.user_token' => 0, 'mj.bot_token' => 0]));
        $apache->graceful();
        $answer = $apache->calls([[0, 'mj_imagine', 'without a token']])[0];
        self::assertInstanceOf(\RuntimeException::class, $answer);
        self::assertStringContainsString('Mj\ConfigurationException', $answer->getMessage());
    }

    public function testThreadsThatForkBesideOthersDoNotHangTheirChildren(): void
    {
        $simulator = new Simulator(['--speed', '100']);
        $state = new StateDirectory();
        $apache = $this->apache = new Apache([$simulator->ini(['gateway' => 'user', 'state_dir' => $state->path, 'queue_size' => '10000', 'seed_tag' => '0'])]);
        $known = $apache->call(0, 'mj_imagine', 'known to all');

        $ids = [$known];
        for ($round = 0; $round < (int) (getenv('MJ_ZTS_ROUNDS') ?: 10); ++$round) {
            $calls = [];
            for ($i = 0; $i < 16; ++$i) {
                $calls[] = match ($i % 4) {
                    0 => [0, 'fork_and_imagine', "a child's of round $round, $i", 20.0],
                    1 => [0, 'mj_imagine', "a thread's of round $round, $i"],
                    2 => [0, 'mj_poll', $known],
                    3 => [0, 'mj_status'],
                };
            }
            foreach ($apache->calls($calls, 60.0) as $i => $answer) {
                self::assertFalse($answer instanceof \Throwable, is_object($answer) ? $answer->getMessage() : '');
                self::assertNotNull($answer, 'a child hung');
                if ($i % 4 < 2) {
                    self::assertMatchesRegularExpression('/^[0-9A-Z]{26}$/', $answer);
                    $ids[] = $answer;
                }
            }
        }
        self::assertCount(count($ids), array_unique($ids));
        foreach (array_chunk($ids, 100) as $chunk) {
            self::assertNotContains(null, $apache->call(0, 'mj_poll_many', $chunk), 'every child\'s task is there');
        }
    }

    public function testAStopWhileThreadsWaitIsBounded(): void
    {
        $simulator = new Simulator(['--speed', '1']);
        $state = new StateDirectory();
        $apache = $this->apache = new Apache([$simulator->ini(['gateway' => 'user', 'state_dir' => $state->path, 'max_wait' => '20'])]);
        $simulator->control('config', ['set' => ['hold_finals' => true]]);
        $id = $apache->call(0, 'mj_imagine', 'a picture that nobody will see');
        $waiting = $apache->begin(array_fill(0, 12, [0, 'mj_wait', $id, 60.0]));
        self::assertNotSame('SUCCESS', $apache->call(0, 'mj_wait', $id, 0.5)['status']);
        self::assertLessThan(15.0, $apache->stop());
        foreach (Apache::answers($waiting, 1.0) as $answer) {
            self::assertInstanceOf(Lost::class, $answer);
        }
    }

    public function testErrorsOfManyThreadsAreEachTheirOwn(): void
    {
        $simulator = new Simulator(['--speed', '1']);
        $state = new StateDirectory();
        $apache = $this->apache = new Apache([$simulator->ini(['state_dir' => $state->path, 'role' => 'never', 'queue_size' => '1'])]);
        $id = $apache->call(0, 'mj_imagine', 'the one that fits');
        $kinds = [
            'Mj\QueueFullException: ' => ['mj_imagine', 'one too many'],
            'ValueError: mj_imagine(): Argument #1 ($prompt)' => ['mj_imagine', ''],
            'TypeError: mj_imagine(): Argument #2 ($options) element "seed"' => ['mj_imagine', 'a lighthouse', ['seed' => []]],
            'Mj\ActionUnavailableException: ' => ['mj_action', $id, 'upscale1'],
        ];
        for ($round = 0; $round < 20; ++$round) {
            $calls = [];
            foreach (range(0, 3) as $number) {
                foreach ($kinds as $says => $call) {
                    $calls["$number $says"] = [0, ...$call];
                }
            }
            foreach ($apache->calls($calls) as $key => $answer) {
                self::assertInstanceOf(\RuntimeException::class, $answer);
                self::assertStringStartsWith(substr($key, 2), $answer->getMessage());
            }
        }
        // A function's attributes are copied for each thread.
        $secret = ['user_token' => 'HIDDEN-IN-TRACES', 'state_dir' => 'not/absolute'];
        foreach ($apache->calls(array_fill(0, 32, [0, 'trace', $secret])) as $trace) {
            self::assertStringContainsString('mj_configure', (string) $trace);
            self::assertStringContainsString('SensitiveParameterValue', $trace);
        }
    }

    public function testRelativePathsAreThoseOfTheScriptsThread(): void
    {
        $simulator = new Simulator(['--speed', '100']);
        $state = new StateDirectory();
        $apache = $this->apache = new Apache([$simulator->ini(['gateway' => 'user', 'state_dir' => $state->path])]);
        $id = $apache->call(0, 'mj_imagine', 'a picture to be saved');
        Until::true(static fn () => $apache->call(0, 'mj_poll', $id)['status'] === 'SUCCESS', 60.0);

        $calls = $directories = [];
        for ($i = 0; $i < 12; ++$i) {
            $directories[$i] = "{$apache->directory}/site0/work$i";
            mkdir("{$directories[$i]}/pictures", 0777, true);
            chmod("{$directories[$i]}/pictures", 0777);
            $calls[$i] = [0, 'in_directory', $directories[$i], 'mj_download', $id, 'pictures'];
        }
        foreach ($apache->calls($calls) as $i => $files) {
            self::assertIsArray($files, is_object($files) ? $files->getMessage() : '');
            self::assertStringStartsWith('pictures/', $files[0]);
            self::assertFileExists("{$directories[$i]}/{$files[0]}");
            copy("{$directories[$i]}/{$files[0]}", "{$directories[$i]}/own.png");
        }
        foreach ($apache->calls(array_map(static fn (string $directory) => [0, 'in_directory', $directory, 'mj_describe', 'own.png'], $directories)) as $task) {
            self::assertIsString($task, is_object($task) ? $task->getMessage() : '');
        }
    }

    /**
     * Compares what PHP was told with what the simulator did.
     *
     * @param array<array-key, array<string, mixed>> $tasks
     * @param list<array<string, mixed>>             $jobs
     */
    private static function compare(array $tasks, array $jobs): void
    {
        $made = [];
        foreach ($jobs as $job) {
            $made[Prompt::seed($job['prompt'])][] = $job;
        }
        foreach ($tasks as $task) {
            $says = json_encode($task);
            $mine = $made[$task['seed']] ?? [];
            if ($task['status'] !== 'SUCCESS') {
                // An owner was killed while its request was under way, and Discord never got it.
                self::assertSame(['FAILURE', 'SUBMIT_UNCONFIRMED', []], [$task['status'], $task['fail_code'], $mine], $says);
                continue;
            }
            self::assertCount(1, $mine, "not exactly one picture: $says");
            self::assertSame($mine[0]['job_id'], $task['job_id'], "another task's job: $says");
            self::assertSame(parse_url($mine[0]['picture_url'], PHP_URL_PATH), parse_url($task['images'][0]['url'], PHP_URL_PATH), "another task's picture: $says");
        }
        self::assertLessThanOrEqual(count($tasks), count($jobs), 'nothing twice');
    }
}
