<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

use Mj\Tests\Process\Extension;
use Mj\Tests\Process\StateDirectory;
use PHPUnit\Framework\TestCase;

/** The examples of php/examples run as they are. */
final class ExamplesTest extends TestCase
{
    /** @return array<string, array{0: string, 1: string, 2?: list<string>}> name, what it prints, arguments */
    public function examples(): array
    {
        $ended = '/^(?=.*^a cat: SUCCESS http\S+$)(?=.*^a dog: SUCCESS http\S+$)/ms';

        return [
            'amp' => ['amp', $ended, [__DIR__ . '/amp.php', 'a cat', 'a dog']],
            'client' => ['client', '/^revision \d+: SUCCESS 100 %\nIt offers upscale1, .*(?=.*^UPSCALE ended as SUCCESS: \S+\.png$)(?=.*^VARIATION ended as SUCCESS: \S+\.png$)/ms'],
            'describe' => ['describe', '/^1\. \S.*^4\. \S.*^Imagined: http\S+$/ms'],
            'events' => ['events', '/^(\w{26}) revision \d+: SUCCESS 100 %$.*^(?!\1)\w{26} revision \d+: SUCCESS 100 %$/ms'],
            'select' => ['select', $ended, ['a cat', 'a dog']],
            'webhook' => ['webhook', '/ (\w{26}):(\d+): SUCCESS 100 % http.*^Delivered: \1 revision \2$/ms'],
        ];
    }

    /**
     * @dataProvider examples
     *
     * @param list<string> $arguments
     */
    public function testExampleDoesWhatItSays(string $name, string $says, array $arguments = []): void
    {
        $state = new StateDirectory();
        $command = [PHP_BINARY, '-n', '-d', 'extension=' . Extension::path(), '-d', "mj.state_dir=$state->path"];
        foreach (['pdo', 'pdo_sqlite'] as $shared) {
            if (is_file(ini_get('extension_dir') . "/$shared.so")) {
                array_push($command, '-d', "extension=$shared");
            }
        }
        array_push($command, __DIR__ . "/../../php/examples/$name.php", ...$arguments);
        $line = 'timeout 120 ' . implode(' ', array_map('escapeshellarg', $command)) . ' 2>&1 </dev/null';
        $environment = array_diff_key(getenv(), ['MJ_USER_TOKEN' => true]);
        $process = proc_open($line, [1 => ['pipe', 'w']], $pipes, null, $environment);
        $output = stream_get_contents($pipes[1]);

        self::assertSame(0, proc_close($process), $output);
        self::assertMatchesRegularExpression($says, $output);
    }
}
