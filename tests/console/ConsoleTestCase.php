<?php

declare(strict_types=1);

namespace Mj\Tests\Console;

use Mj\Console\Application;
use Mj\Console\Console;
use Mj\Console\Opener;
use Mj\Console\Picture\Query;
use Mj\Console\Terminal;
use Mj\Testing\FakeMidjourney;
use Mj\Tests\Process\StateDirectory;
use PHPUnit\Framework\TestCase;
use Symfony\Component\Console\Application as SymfonyApplication;
use Symfony\Component\Console\Input\ArgvInput;
use Symfony\Component\Console\Output\ConsoleOutputInterface;
use Symfony\Component\Console\Output\ConsoleSectionOutput;
use Symfony\Component\Console\Output\OutputInterface;
use Symfony\Component\Console\Output\StreamOutput;

// MJ_SYMFONY names the autoloader of another Symfony Console than Debian's.
if (!class_exists(SymfonyApplication::class)) {
    require_once getenv('MJ_SYMFONY') ?: 'Symfony/Component/Console/autoload.php';
}

/** `mj` within this process, before a Midjourney that is made up. */
abstract class ConsoleTestCase extends TestCase
{
    protected FakeMidjourney $mj;

    /** What it wrote to standard output and standard error. */
    protected string $out = '';

    protected string $err = '';

    private ?StateDirectory $directory = null;

    protected function setUp(): void
    {
        $this->mj = new FakeMidjourney();
        putenv('COLUMNS=100');
        putenv('LINES=20');
    }

    protected function tearDown(): void
    {
        // The console keeps what `--quiet` said for programs that it starts.
        putenv('SHELL_VERBOSITY');
        putenv('COLUMNS');
        putenv('LINES');
        unset($_ENV['SHELL_VERBOSITY'], $_SERVER['SHELL_VERBOSITY']);
    }

    /** Runs a command as it is typed, and gives its exit code. */
    protected function mj(string ...$arguments): int
    {
        return $this->application($arguments, new Terminal([], static fn (): bool => false));
    }

    /**
     * The same in a terminal.
     *
     * @param array<string, string> $environment
     */
    protected function live(array $arguments, array $environment = [], string $answers = ''): int
    {
        $terminal = new Terminal($environment, static fn (): bool => true, static fn (bool $isOfSixels): Query => Query::of($answers));

        return $this->application($arguments, $terminal, true);
    }

    protected function directory(): string
    {
        return ($this->directory ??= new StateDirectory())->path;
    }

    /** @return array<string, mixed> the one object on standard output */
    protected function json(): array
    {
        self::assertSame(1, substr_count($this->out, "\n"), $this->out);

        return json_decode($this->out, true, 64, JSON_THROW_ON_ERROR);
    }

    /** @param list<string> $arguments */
    private function application(array $arguments, Terminal $terminal, bool $isDecorated = false): int
    {
        $application = new Application(new Console($this->mj, $terminal, new Opener(['PATH' => $this->directory()], 'Linux')));
        $application->setAutoExit(false);
        [$out, $err] = [fopen('php://memory', 'w+'), fopen('php://memory', 'w+')];
        $output = new class ($out, $err, $isDecorated) extends StreamOutput implements ConsoleOutputInterface {
            private OutputInterface $errors;

            /** @var list<ConsoleSectionOutput> */
            private array $sections = [];

            public function __construct($out, $err, bool $isDecorated)
            {
                parent::__construct($out, self::VERBOSITY_NORMAL, $isDecorated);
                $this->errors = new StreamOutput($err, self::VERBOSITY_NORMAL, false);
            }

            public function getErrorOutput(): OutputInterface
            {
                return $this->errors;
            }

            public function setErrorOutput(OutputInterface $error): void
            {
                $this->errors = $error;
            }

            public function section(): ConsoleSectionOutput
            {
                return new ConsoleSectionOutput($this->getStream(), $this->sections, $this->getVerbosity(), $this->isDecorated(), $this->getFormatter());
            }
        };
        $exit = $application->run(new ArgvInput(['mj', ...$arguments, ...($isDecorated ? ['--ansi'] : [])]), $output);
        rewind($out);
        rewind($err);
        [$this->out, $this->err] = [(string) stream_get_contents($out), (string) stream_get_contents($err)];

        return $exit;
    }
}
