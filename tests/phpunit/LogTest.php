<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

use Mj\Tests\Process\Cli;
use Mj\Tests\Process\Simulator;
use Mj\Tests\Process\StateDirectory;
use Mj\Tests\Process\Until;
use PHPUnit\Framework\TestCase;

/** `mj.log`: what an operator finds in it, what is never in it, and that it stops nothing. */
final class LogTest extends TestCase
{
    private string $directory;

    protected function setUp(): void
    {
        $this->directory = sys_get_temp_dir() . '/mj-log-' . bin2hex(random_bytes(4));
        mkdir($this->directory);
    }

    protected function tearDown(): void
    {
        exec('rm -rf ' . escapeshellarg($this->directory));
    }

    public function testWhatAnOperatorNeedsIsInTheLog(): void
    {
        $hub = $this->hub(['log_format' => 'json', 'log_level' => 'info']);
        $task = $hub->picture("a secret\nfox", ['state' => 'order 7']);
        $refused = $hub->picture('a secret boat simulate:banned');
        $hub->simulator->control('fault', ['gateway' => 'close', 'who' => 'all', 'code' => 4000]);
        Until::true(static fn () => $hub->simulator->record()['resumes'] === 1, 60.0);
        $hub->simulator->control('fault', ['http' => ['method' => 'POST', 'path' => '/interactions', 'retry_after' => 0.3]]);
        $hub->configure(['timeout' => 55, 'notify_secret' => 'SECRET-OF-WEBHOOKS']);
        self::assertSame('SUCCESS', $hub->picture('a secret cat')['status']);
        Until::true(fn () => $this->said('the configuration has changed') !== [], 60.0);
        $hub->simulator->control('refuse', ['name' => 'unauthorized']);
        $hub->call('mj_imagine', 'a secret dog');
        Until::true(fn () => $this->said('an account is stopped until somebody acts') !== [], 60.0);
        $directory = $hub->directory();
        file_put_contents("$directory/{$task['id']}.png", 'another picture');
        $hub->run('try { mj_download($data[0], $data[1]); } catch (Mj\EngineException) {}', [$task['id'], $directory]);

        $of = fn (string $message, string $id) => array_values(array_filter($this->said($message), static fn (array $line) => ($line['task'] ?? '') === $id));
        [$submitted] = $of('a task was submitted', $task['id']);
        self::assertSame(['info', 'IMAGINE'], [$submitted['level'], $submitted['action']]);
        [$sent] = $of('a task was sent', $task['id']);
        self::assertSame($task['submitted_at'] - $task['created_at'], $sent['waited_ms']);
        [$started] = $of('a task was started', $task['id']);
        self::assertSame($task['started_at'] - $task['submitted_at'], $started['after_ms']);
        [$ended] = $of('a task ended', $task['id']);
        self::assertSame(['SUCCESS', 'main', $task['job_id'], $task['finished_at'] - $task['created_at']], [$ended['status'], $ended['account'], $ended['job'], $ended['took_ms']]);
        [$ended] = $of('a task ended', $refused['id']);
        self::assertSame(['info', 'FAILURE', 'BANNED_PROMPT', false], [$ended['level'], $ended['status'], $ended['code'], $ended['retryable']]);
        self::assertSame(1, $this->said('this process owns the hub')[0]['epoch']);
        self::assertSame('user', $this->said('a login is sent (IDENTIFY)')[0]['gateway']);
        self::assertCount(1, $this->said('the gateway session was resumed'));
        self::assertSame(['user', 4000], [$this->said('the gateway connection is gone')[0]['gateway'], $this->said('the gateway connection is gone')[0]['code']]);
        self::assertSame('user', $this->said('a request was limited')[0]['scope']);
        self::assertSame('notify_secret timeout', $this->said('the configuration has changed')[0]['settings']);
        $stopped = $this->said('an account is stopped until somebody acts')[0];
        self::assertSame(['warn', 'main', 'UNAUTHORIZED'], [$stopped['level'], $stopped['account'], $stopped['code']]);
        $failed = $this->said('mj_download() failed')[0];
        self::assertSame(['warn', $task['id']], [$failed['level'], $failed['task']]);

        $log = file_get_contents("$this->directory/mj.log");
        foreach (['secret', 'SECRET-OF-WEBHOOKS', 'order 7', $hub->config()['user_token'], '?ex='] as $private) {
            self::assertStringNotContainsString($private, str_replace('notify_secret', '', $log));
        }
    }

    public function testAWebhookThatIsGivenUpIsForAPerson(): void
    {
        $receiver = new Receiver([410]);
        $hub = $this->hub(['log_format' => 'json', 'notify_url' => $receiver->url]);
        $task = $hub->picture('a boat');
        Until::true(fn () => $this->said('a webhook was given up') !== [], 60.0);
        $line = $this->said('a webhook was given up')[0];
        self::assertSame(['warn', $task['id'], 410, 1], [$line['level'], $line['task'], $line['status'], $line['tries']]);
        self::assertStringNotContainsString($receiver->url, file_get_contents("$this->directory/mj.log"));
    }

    public function testPromptsAreThereOnlyWhenAskedFor(): void
    {
        $hub = $this->hub(['log_level' => 'info', 'log_prompts' => true]);
        $hub->picture("a red\nfox \"2026\" level=error");
        $log = file_get_contents("$this->directory/mj.log");
        self::assertStringContainsString(' prompt="a red\nfox \"2026\" level=error"', $log);
        self::assertSame(1, substr_count($log, 'level=error'));
    }

    public function testProcessesRotateOneFileAndDieOverIt(): void
    {
        $hub = $this->hub(['log_format' => 'json', 'log_size' => '2K', 'log_files' => 1000]);
        $task = $hub->picture('a boat');
        $directory = $hub->directory();
        file_put_contents("$directory/{$task['id']}.png", 'another picture');
        $ini = ['mj.state_dir' => $hub->call('mj_status')['state_dir'], 'mj.role' => 'never'];
        $code = 'mj_configure($data[0]); for ($i = 0; $i < $data[3]; ++$i) { try { mj_download($data[1], $data[2]); } catch (Mj\EngineException) {} } echo "done\n";';
        $processes = [];
        for ($number = 0; $number < 6; ++$number) {
            $processes[] = new Cli($code, $ini, [$hub->config(), $task['id'], $directory, $number < 4 ? 25 : 100_000]);
        }
        $pids = array_map(static fn (Cli $process) => $process->pid(), $processes);
        foreach (array_slice($processes, 0, 4) as $process) {
            self::assertSame('done', $process->line());
        }
        array_map(static fn (int $pid) => posix_kill($pid, SIGKILL), array_slice($pids, 4));

        $files = array_filter(glob("$this->directory/mj.log*"), static fn (string $file) => !str_ends_with($file, '.lock'));
        self::assertGreaterThan(10, count($files));
        $lines = [];
        foreach ($files as $file) {
            self::assertLessThanOrEqual(4_096, filesize($file));
            foreach (file($file, FILE_IGNORE_NEW_LINES) as $line) {
                $pid = json_decode($line, true, 4, JSON_THROW_ON_ERROR)['pid'];
                $lines[$pid] = ($lines[$pid] ?? 0) + 1;
            }
        }
        foreach (array_slice($pids, 0, 4) as $pid) {
            self::assertSame(25, $lines[$pid], 'each line is there, once and whole');
        }
    }

    public function testALogThatCannotBeWrittenStopsNothing(): void
    {
        $simulator = new Simulator(['--speed', '200']);
        $state = new StateDirectory();
        $config = $simulator->config(['gateway' => 'user', 'log' => "$this->directory/missing/mj.log", 'log_level' => 'info']);
        $owner = new Cli(
            'mj_configure($data); set_error_handler(fn () => throw new Exception("no warning is thrown")); echo "ready\n"; mj_serve(300);',
            ['mj.state_dir' => $state->path, 'error_log' => "$this->directory/php.log", 'log_errors' => '1'],
            $config,
        );
        $owner->line();
        $caller = new Caller(['mj.state_dir' => $state->path, 'mj.role' => 'never'], $config);
        self::assertSame('SUCCESS', $caller->run('return mj_wait(mj_imagine("a boat"), 60.0)["status"];'));
        Until::true(static fn () => $caller->run('return mj_status()["log"]["state"];') === 'failing', 60.0);
        $log = $caller->run('return mj_status()["log"];');
        self::assertGreaterThan(0, $log['lost']);
        self::assertStringContainsString('No such file', $log['reason']);
        Until::true(fn () => is_file("$this->directory/php.log"), 60.0);

        mkdir("$this->directory/missing");
        self::assertSame('SUCCESS', $caller->run('return mj_wait(mj_imagine("a boat"), 60.0)["status"];'));
        Until::true(static fn () => $caller->run('return mj_status()["log"]["state"];') === 'ok', 60.0);
        $said = file_get_contents("$this->directory/missing/mj.log");
        self::assertMatchesRegularExpression('/ WARN the log could not be written: \d+ lines before the last are lost\n/', $said);
        $complaints = file("$this->directory/php.log");
        self::assertCount(1, $complaints, implode($complaints));
        self::assertStringContainsString('PHP Warning:  mj: mj.log cannot be written (No such file', $complaints[0]);
    }

    public function testTheSystemsLogIsSpokenTo(): void
    {
        $server = stream_socket_server("udg://$this->directory/log", $code, $message, STREAM_SERVER_BIND);
        self::assertIsResource($server, (string) $message);
        $hub = new Hub(['gateway' => 'user', 'log' => "syslog:$this->directory/log", 'log_level' => 'info'], ['--speed', '200']);
        stream_set_timeout($server, 15);
        $packet = stream_socket_recvfrom($server, 4_096);
        self::assertMatchesRegularExpression('/^<14>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d mj\[\d+\]: INFO this process owns the hub /', $packet);
        // One that is gone stops nothing.
        fclose($server);
        unlink("$this->directory/log");
        self::assertSame('SUCCESS', $hub->picture('a boat')['status']);
    }

    /** @param array<string, mixed> $settings */
    private function hub(array $settings): Hub
    {
        $settings += ['gateway' => 'user', 'spacing' => '10ms', 'timeout' => 60, 'log' => "$this->directory/mj.log"];

        return new Hub($settings, ['--speed', '200'], lasting: true);
    }

    /** @return list<array<string, mixed>> the lines that say it */
    private function said(string $message): array
    {
        $lines = is_file("$this->directory/mj.log") ? file("$this->directory/mj.log") : [];
        $lines = array_map(static fn (string $line) => json_decode($line, true, 4, JSON_THROW_ON_ERROR), $lines);

        return array_values(array_filter($lines, static fn (array $line) => $line['message'] === $message));
    }
}
