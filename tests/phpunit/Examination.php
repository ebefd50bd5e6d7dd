<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

use Mj\Tests\Process\Cli;
use Mj\Tests\Process\StateDirectory;

/** What `mj_doctor()` says of the network under a configuration, in both languages. */
final class Examination
{
    /** The parts of a report that need the network. */
    private const NETWORK = ['proxy', 'api', 'gateway', 'cdn', 'upload', 'activity', 'clock', 'discord'];

    /** @var array<string, array<string, array<string, mixed>>> by language and name */
    private array $checks = [];

    private StateDirectory $state;

    /**
     * @param array<string, mixed> $config  what `mj_configure()` would be given
     * @param array<string, mixed> $options more for `mj_doctor()`
     */
    public function __construct(array $config, array $options = [])
    {
        $this->state = new StateDirectory();
        $code = 'foreach (["en", "zh"] as $lang) { $reports[$lang] = mj_doctor(["lang" => $lang] + $data); } echo json_encode($reports, JSON_THROW_ON_ERROR);';
        $data = $options + ['config' => $config, 'only' => self::NETWORK];
        $reports = json_decode(Cli::run($code, ['mj.state_dir' => $this->state->path], $data), true, 64, JSON_THROW_ON_ERROR);
        foreach ($reports as $lang => $report) {
            $this->checks[$lang] = array_column($report['checks'], null, 'name');
        }
    }

    /** @return array<string, string> status of the checks that are neither ok nor skipped */
    public function troubles(): array
    {
        $statuses = array_column($this->checks['en'], 'status', 'name');

        return array_diff($statuses, ['ok', 'skipped']);
    }

    /** @return array<string, string> the check that hindered it, by name of what was hindered */
    public function hindered(): array
    {
        return array_filter(array_column($this->checks['en'], 'because', 'name'));
    }

    /** @return list<string> every check over the network */
    public function names(): array
    {
        return array_keys($this->checks['en']);
    }

    public function status(string $check): string
    {
        return $this->checks['en'][$check]['status'];
    }

    /** What was seen and what to do. */
    public function words(string $check, string $lang = 'en'): string
    {
        $found = $this->checks[$lang][$check];

        return $found['seen'] . ' -> ' . ($found['todo'] ?? '');
    }

    /** Everything that was said, for a test that fails. */
    public function told(): string
    {
        $lines = [];
        foreach ($this->checks['en'] as $name => $check) {
            $lines[] = "$name {$check['status']}: {$this->words($name)}";
        }

        return implode("\n", $lines);
    }
}
