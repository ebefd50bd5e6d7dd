<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

use Mj\Tests\Process\Cli;

/** What `mj_doctor()` says of this machine, in both languages. */
final class Diagnosis
{
    /** Asks in both languages; `$data` is what the doctor is asked. */
    private const ASK = 'foreach (["en", "zh"] as $lang) { $reports[$lang] = mj_doctor(["lang" => $lang] + $data + ["network" => false]); }';

    /** @var array<string, array<string, array<string, mixed>>> by language and name */
    private array $checks = [];

    /** @param array<string, array<string, mixed>> $reports by language */
    public function __construct(public readonly array $reports)
    {
        foreach ($reports as $lang => $report) {
            $this->checks[$lang] = array_column($report['checks'], null, 'name');
        }
    }

    /**
     * Of a PHP process of its own.
     *
     * @param array<string, string|int> $ini
     * @param array<string, mixed>      $options for `mj_doctor()`
     * @param string                    $before  what the process does first
     */
    public static function of(array $ini, array $options = [], string $before = ''): self
    {
        return new self(json_decode(Cli::run($before . self::ASK . self::TELL, $ini, $options), true, 64, JSON_THROW_ON_ERROR));
    }

    private const TELL = ' echo json_encode($reports, JSON_THROW_ON_ERROR);';

    /** Of a process that is configured as the hub is. */
    public static function ofHub(Hub $hub): self
    {
        return new self($hub->run(self::ASK . ' return $reports;', []));
    }

    /** The same as a script of its own, for a PHP that is started in another way. It writes to the file `$to`. */
    public static function script(string $to): string
    {
        return '<?php $data = []; ' . self::ASK . ' file_put_contents(' . var_export($to, true) . ', json_encode($reports));';
    }

    /** @return list<string> names of all checks, in their order */
    public function names(): array
    {
        return array_keys($this->checks['en']);
    }

    /** @return array<string, string> status of the checks that are neither ok nor skipped */
    public function troubles(): array
    {
        return array_diff(array_column($this->checks['en'], 'status', 'name'), ['ok', 'skipped']);
    }

    /** @return array<string, string> the check that hindered it, by name of what was hindered */
    public function hindered(): array
    {
        return array_filter(array_column($this->checks['en'], 'because', 'name'));
    }

    /** What was seen and what to do. */
    public function words(string $check, string $lang = 'en'): string
    {
        return $this->checks[$lang][$check]['seen'] . ' -> ' . ($this->checks[$lang][$check]['todo'] ?? '');
    }

    public function status(string $check): string
    {
        return $this->checks['en'][$check]['status'];
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
