<?php

declare(strict_types=1);

namespace Mj\Tests\Bench;

use Mj\Tests\Process\Cli;
use Mj\Tests\Process\Fpm;
use Mj\Tests\Process\Simulator;
use Mj\Tests\Process\Until;

/** Memory of php-fpm's workers, and what the owner burns when there is nothing to do. */
final class Processes
{
    private const WORKERS = 8;
    private const OPEN_TASKS = 10_000;
    private const IDLE_SECONDS = 20;

    public function measure(Report $report): void
    {
        $slow = new Place(sys_get_temp_dir(), 'www-data');
        $without = $this->withoutExtension($slow);

        $simulator = new Simulator();
        $state = new Place(sys_get_temp_dir(), 'www-data');
        $ini = ['mj.state_dir' => $state->path, 'mj.queue_size' => '100000', 'mj.timeout' => '1d']
            + $simulator->ini(['gateway' => 'user', 'concurrency' => '1', 'relax_concurrency' => '1']);
        $fpm = new Fpm($ini, self::WORKERS, $this->pool($slow));
        $first = $fpm->call('mj_imagine', 'a warm stone simulate:hold');
        Until::true(static fn () => $fpm->call('mj_poll', $first)['progress'] > 80, 120.0, static fn () => 'the first task does not run');
        $this->visitAll($fpm, 'mj_poll', $first);

        $owner = $fpm->call('mj_status')['hubs'][0]['owner']['pid'] ?? $fpm->call('mj_status')['owner']['pid'];
        $pollers = $heirs = [];
        foreach ($fpm->workerPids() as $pid) {
            if ($pid !== $owner) {
                Process::threads($pid) > 1 ? $heirs[] = $pid : $pollers[] = $pid;
            }
        }
        if (count($heirs) !== 1) {
            throw new \RuntimeException(count($heirs) . ' workers beside the owner have a thread; one heir was expected');
        }
        Process::rest($owner);
        $this->memory($report, 'worker that polls', array_map([Process::class, 'memory'], $pollers), $without, 0.6);
        $this->memory($report, 'heir', [Process::memory($heirs[0])], $without, 1.5);
        $this->memory($report, 'owner', [Process::memory($owner)], $without, null);

        $before = [Process::processorTime($owner), Process::ticks($owner), Process::processorTime($heirs[0])];
        sleep(self::IDLE_SECONDS);
        $burnt = (Process::processorTime($owner) - $before[0]) / self::IDLE_SECONDS / 10;
        $heir = (Process::processorTime($heirs[0]) - $before[2]) / self::IDLE_SECONDS / 10;
        $report->add('idle owner', $burnt, '% of a core', 0.1, sprintf('%d s; %d ticks of 10 ms in /proc/PID/stat; heir %.3f %%', self::IDLE_SECONDS, Process::ticks($owner) - $before[1], $heir));

        Cli::run(
            'for ($n = 0; $n < $data; ++$n) { mj_imagine("a lighthouse on a cliff at dusk, oil painting $n --ar 3:2 simulate:hold"); }',
            ['mj.role' => 'never'] + $ini,
            self::OPEN_TASKS,
            120.0
        );
        Process::rest($owner);
        $this->memory($report, sprintf('owner, %s open tasks', number_format(self::OPEN_TASKS)), [Process::memory($owner)], $without, 16.0);
    }

    /**
     * @param list<array<string, int>> $processes
     * @param array{float, float}      $without   PSS and private dirty in MB of a worker without the extension
     */
    private function memory(Report $report, string $who, array $processes, array $without, ?float $target): void
    {
        [$pss, $dirty] = self::medians($processes);
        $report->add("memory: $who", $pss - $without[0], 'MB PSS', $target, sprintf(
            'over %.2f MB without the extension; private dirty +%.2f MB',
            $without[0],
            $dirty - $without[1]
        ));
    }

    /** @return array{float, float} PSS and private dirty in MB, medians over the workers */
    private function withoutExtension(Place $slow): array
    {
        $fpm = new Fpm([], self::WORKERS, $this->pool($slow), loads: false);
        $this->visitAll($fpm, 'pid');

        return self::medians(array_map([Process::class, 'memory'], $fpm->workerPids()));
    }

    /**
     * @param  list<array<string, int>> $processes
     * @return array{float, float}
     */
    private static function medians(array $processes): array
    {
        return [
            Numbers::median(array_column($processes, 'Pss')) / 1024,
            Numbers::median(array_column($processes, 'Private_Dirty')) / 1024,
        ];
    }

    /** Every worker answers some of these: each request takes long enough that the next goes to another worker. */
    private function visitAll(Fpm $fpm, string $function, mixed ...$arguments): void
    {
        for ($round = 0; $round < 10; ++$round) {
            $fpm->calls(array_fill(0, self::WORKERS, [$function, ...$arguments]));
        }
    }

    /** @return array<string, string> pool lines that make each request take 20 ms */
    private function pool(Place $slow): array
    {
        $file = $slow->path . '/slow.php';
        file_put_contents($file, '<?php usleep(20_000);');
        chmod($slow->path, 0755);

        return ['php_admin_value[auto_prepend_file]' => $file];
    }
}
