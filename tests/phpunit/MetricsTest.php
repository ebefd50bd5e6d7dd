<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

use Mj\Tests\Process\Cli;
use Mj\Tests\Process\Until;
use PHPUnit\Framework\TestCase;

/** `mj_metrics()`: what it counts is what happened, and any Prometheus can read it. */
final class MetricsTest extends TestCase
{
    /** What the owner counts beside its tasks reaches the store within five seconds. */
    private const PATIENCE = 15.0;

    public function testCountsAreWhatHappened(): void
    {
        $hub = new Hub(['gateway' => 'user', 'spacing' => '10ms', 'timeout' => 60], ['--speed', '200'], lasting: true);
        self::assertSame(0.0, self::page($hub)->sum('mj_tasks_ended_total'));
        $tasks = [
            $hub->picture('a red fox', ['mode' => 'fast']),
            $hub->picture('a green fox'),
            $hub->picture('a secret fox', ['mode' => 'relax', 'state' => 'order 7']),
            $hub->picture('a boat simulate:banned'),
        ];
        $tasks[] = $hub->press($tasks[0]['id'], 'upscale1');
        self::assertSame(['SUCCESS', 'SUCCESS', 'SUCCESS', 'FAILURE', 'SUCCESS'], array_column($tasks, 'status'));

        // A task's end and its count are one write.
        $page = self::page($hub);
        self::assertSame(4.0, $page->sum('mj_tasks_ended_total', ['status' => 'SUCCESS', 'code' => '']));
        self::assertSame(1.0, $page->sum('mj_tasks_ended_total', ['status' => 'FAILURE', 'code' => 'BANNED_PROMPT']));
        self::assertSame(5.0, $page->sum('mj_tasks_ended_total'));
        self::assertSame(4.0, $page->sum('mj_tasks', ['status' => 'SUCCESS']));
        self::assertSame(5.0, $page->sum('mj_tasks'));
        self::assertSame(4.0, $page->sum('mj_tasks_submitted_total', ['action' => 'IMAGINE']));
        self::assertSame(1.0, $page->sum('mj_tasks_submitted_total', ['action' => 'UPSCALE']));
        $finished = array_filter($tasks, static fn (array $task) => $task['status'] === 'SUCCESS');
        $seconds = static fn (string $from, string $to, array $of) => array_sum(array_map(
            static fn (array $task) => ($task[$to] - $task[$from]) / 1000,
            $of,
        ));
        foreach ([
            'mj_task_queued_seconds' => ['created_at', 'submitted_at', $tasks],
            'mj_task_starting_seconds' => ['submitted_at', 'started_at', $finished],
            'mj_task_working_seconds' => ['started_at', 'finished_at', $finished],
            'mj_task_whole_seconds' => ['created_at', 'finished_at', $finished],
        ] as $name => [$from, $to, $of]) {
            self::assertSame((float) count($of), $page->sum($name, [], '_count'), $name);
            self::assertEqualsWithDelta($seconds($from, $to, $of), $page->sum($name, [], '_sum'), 0.001, $name);
        }
        self::assertSame(1.0, $page->sum('mj_task_whole_seconds', ['mode' => 'relax'], '_count'));
        self::assertSame(1.0, $page->sum('mj_gateway_up', ['gateway' => 'user']));
        self::assertSame(1.0, $page->sum('mj_gateway_state', ['state' => 'live']));
        self::assertSame(1.0, $page->sum('mj_owner_alive'));
        self::assertSame(1.0, $page->sum('mj_owner_changes_total'));
        self::assertSame(1.0, $page->sum('mj_accounts', ['state' => 'usable']));

        $sent = (float) count($hub->simulator->record()['interactions']);
        Until::true(static fn () => self::page($hub)->sum('mj_rest_requests_total', ['route' => '/interactions', 'outcome' => '2xx']) === $sent, self::PATIENCE);
        $page = self::page($hub);
        self::assertSame(1.0, $page->sum('mj_gateway_sessions_total'));
        self::assertSame(1.0, $page->sum('mj_gateway_identifies_total'));
        self::assertSame(1.0, $page->sum('mj_gateway_connects_total'));
        self::assertGreaterThan(0.0, $page->sum('mj_messages_matched_total', ['step' => 'nonce']));
        self::assertGreaterThan(10.0, $page->sum('mj_store_commit_seconds', [], '_count'));
        self::assertGreaterThan(1 << 20, $page->sum('mj_owner_resident_bytes'));

        $text = $hub->call('mj_metrics');
        foreach (['fox', 'order 7', $tasks[0]['id'], $tasks[0]['job_id'], $hub->config()['user_token'], $hub->call('mj_status')['hub']] as $private) {
            self::assertStringNotContainsString($private, $text);
        }
    }

    public function testWhatPhpCancelsIsCounted(): void
    {
        $hub = new Hub(['gateway' => 'user', 'spacing' => '10ms', 'timeout' => 60, 'concurrency' => 1], ['--speed', '200', '--config', '{"hold_finals":true}'], lasting: true);
        $running = $hub->call('mj_imagine', 'a boat', ['mode' => 'fast']);
        $hub->until($running, static fn (array $task) => $task['status'] === 'IN_PROGRESS');
        $waiting = array_map(static fn () => $hub->call('mj_imagine', 'a boat', ['mode' => 'fast']), range(1, 3));
        foreach (array_slice($waiting, 1) as $id) {
            self::assertTrue($hub->call('mj_cancel', $id));
        }
        Until::true(static fn () => self::page($hub)->sum('mj_tasks_ended_total', ['status' => 'CANCEL']) === 2.0, self::PATIENCE);
        $page = self::page($hub);
        self::assertSame(4.0, $page->sum('mj_tasks_submitted_total'));
        self::assertSame([1.0, 1.0], [$page->sum('mj_tasks_running'), $page->sum('mj_tasks_waiting')]);
        self::assertSame(1.0, $page->sum('mj_task_queued_seconds', ['mode' => 'fast'], '_count'));
        $hub->simulator->control('config', ['set' => ['hold_finals' => false]]);
        $hub->simulator->control('release');
        foreach ([$running, $waiting[0]] as $id) {
            self::assertSame('SUCCESS', $hub->ended($id)['status']);
        }
        self::assertSame(4.0, self::page($hub)->sum('mj_tasks_ended_total'));
    }

    public function testEveryHubOfTheDirectoryIsThere(): void
    {
        $hub = new Hub(['gateway' => 'user'], owned: false);
        $page = new Exposition($hub->run(<<<'PHP'
            mj_imagine("a boat");
            mj_configure(["guild_id" => "1100000000000000009"] + $data);
            mj_imagine("a boat");
            mj_imagine("a boat");

            return mj_metrics();
            PHP, $hub->config()));
        self::assertCount(2, $page->families['mj_owner_alive']['samples']);
        self::assertSame(3.0, $page->sum('mj_tasks', ['status' => 'NOT_START']));
        self::assertContains(2.0, $page->families['mj_tasks']['samples']);
    }

    public function testTroubleIsCounted(): void
    {
        $hub = new Hub(['gateway' => 'user', 'spacing' => '10ms', 'timeout' => 60], ['--speed', '200', '--config', '{"heartbeat_interval":1000}'], lasting: true);
        $hub->picture('a boat');
        $hub->simulator->control('fault', ['gateway' => 'close', 'who' => 'all', 'code' => 4000]);
        $counted = static fn (string $name, array $labels) => static fn () => self::page($hub)->sum($name, $labels) >= 1.0;
        Until::true($counted('mj_gateway_resumes_total', ['gateway' => 'user']), self::PATIENCE);
        $page = self::page($hub);
        self::assertSame(1.0, $page->sum('mj_gateway_closes_total', ['code' => '4000']));
        self::assertSame(1.0, $page->sum('mj_gateway_disconnects_total', ['cause' => 'closed']));
        self::assertSame(0.0, $page->sum('mj_gateway_sessions_lost_total'));

        $hub->simulator->control('fault', ['http' => ['method' => 'POST', 'path' => '/interactions', 'retry_after' => 0.3]]);
        self::assertSame('SUCCESS', $hub->picture('a boat')['status']);
        Until::true($counted('mj_rate_limits_total', ['scope' => 'user']), self::PATIENCE);
        Until::true(static fn () => self::page($hub)->sum('mj_gateway_heartbeat_seconds', [], '_count') >= 2.0, self::PATIENCE);
        $page = self::page($hub);
        self::assertSame($page->sum('mj_gateway_heartbeat_seconds', [], '_count'), $page->sum('mj_gateway_heartbeat_seconds', ['le' => '1'], '_bucket'));
        self::assertGreaterThan(0.0, $page->sum('mj_rate_limit_seconds_total'));
        self::assertSame(1.0, $page->sum('mj_rest_requests_total', ['method' => 'POST', 'route' => '/interactions', 'outcome' => '429']));
    }

    public function testWebhooksAndTheArchiveAreCounted(): void
    {
        $archive = sys_get_temp_dir() . '/mj-archive-' . bin2hex(random_bytes(4));
        mkdir($archive);
        $hub = new Hub(['gateway' => 'user', 'spacing' => '10ms', 'archive' => $archive], ['--speed', '200'], lasting: true);
        [$gone, $slow] = [new Receiver([410]), new Receiver([500])];
        $hub->picture('a boat', ['notify_url' => $gone->url]);
        $slow->all($hub->call('mj_imagine', 'a boat', ['notify_url' => $slow->url]));
        $counted = static fn (string $name, string $outcome) => self::page($hub)->sum($name, ['outcome' => $outcome]);
        Until::true(static fn () => $counted('mj_archive_pictures_total', 'kept') === 2.0 && $counted('mj_webhook_posts_total', 'delivered') > 0.0, self::PATIENCE);
        exec('rm -rf ' . escapeshellarg($archive));
        self::assertSame(1.0, $counted('mj_webhook_posts_total', 'given_up'));
        self::assertSame(1.0, $counted('mj_webhook_posts_total', 'retried'));
        $page = self::page($hub);
        self::assertSame([0.0, 1.0], [$page->sum('mj_webhooks_pending'), $page->sum('mj_webhooks_failed')]);
    }

    public function testItStartsNothing(): void
    {
        $hub = new Hub(['gateway' => 'user'], owned: false);
        // A process of the command line that lives long may own a hub: it is none here.
        $page = new Exposition($hub->run('return [mj_imagine("a boat"), mj_metrics()][1];'));
        self::assertSame(1.0, $page->sum('mj_tasks', ['status' => 'NOT_START']));
        $state = sys_get_temp_dir() . '/mj-metrics-' . bin2hex(random_bytes(4));
        mkdir($state, 0700);
        $seen = Cli::run('echo json_encode([mj_metrics(), mj_metrics(), mj_status()["has_engine"]]);', ['mj.state_dir' => $state]);
        exec('rm -rf ' . escapeshellarg($state));
        [$first, $second, $hasEngine] = json_decode($seen, true);
        self::assertFalse($hasEngine);
        self::assertSame($first, $second);
        self::assertSame(1.0, (new Exposition($first))->sum('mj_build_info'));
    }

    public function testAnotherReaderAgrees(): void
    {
        exec('/usr/bin/python3 -c "import prometheus_client" 2>&1', $said, $missing);
        if ($missing !== 0) {
            self::markTestSkipped('Debian\'s python3-prometheus-client is not installed');
        }
        $hub = new Hub(['gateway' => 'user', 'spacing' => '10ms'], ['--speed', '200'], lasting: true);
        $hub->picture('a boat');
        $text = $hub->call('mj_metrics');
        $read = <<<'PYTHON'
            import json, sys
            from prometheus_client.parser import text_string_to_metric_families
            families = text_string_to_metric_families(sys.stdin.read())
            print(json.dumps({family.name: [family.type, len(family.samples), sum(s.value for s in family.samples)] for family in families}))
            PYTHON;
        $process = proc_open(['/usr/bin/python3', '-c', $read], [['pipe', 'r'], ['pipe', 'w'], STDERR], $pipes);
        fwrite($pipes[0], $text);
        fclose($pipes[0]);
        $theirs = json_decode(stream_get_contents($pipes[1]), true, 16, JSON_THROW_ON_ERROR);
        self::assertSame(0, proc_close($process));
        foreach ((new Exposition($text))->families as $name => $family) {
            // That library cuts the end of a counter's name.
            $their = $theirs[$name] ?? $theirs[preg_replace('/_total$/', '', $name)];
            self::assertSame($family['type'], $their[0], $name);
            self::assertCount($their[1], $family['samples'], $name);
            self::assertEqualsWithDelta($their[2], array_sum($family['samples']), 0.001, $name);
        }
    }

    /** @return array<string, array{string}> */
    public function documents(): array
    {
        return ['English' => ['metrics.md'], 'Chinese' => ['metrics.zh-CN.md']];
    }

    /** @dataProvider documents */
    public function testDocumentsListEveryMetric(string $document): void
    {
        preg_match_all('/^\| `(mj_\w+)` \| (\w+) \|/m', file_get_contents(__DIR__ . "/../../docs/$document"), $found);
        $documented = array_combine($found[1], $found[2]);
        $state = sys_get_temp_dir() . '/mj-metrics-' . bin2hex(random_bytes(4));
        mkdir($state, 0700);
        $page = new Exposition(json_decode(Cli::run('echo json_encode(mj_metrics());', ['mj.state_dir' => $state])));
        exec('rm -rf ' . escapeshellarg($state));
        $shown = array_map(static fn (array $family) => $family['type'], $page->families);
        ksort($shown);
        ksort($documented);
        self::assertSame($shown, $documented);
    }

    private static function page(Hub $hub): Exposition
    {
        return new Exposition($hub->call('mj_metrics'));
    }
}
