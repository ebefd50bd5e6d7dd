<?php

declare(strict_types=1);

namespace Mj\Tests\Process;

use PHPUnit\Framework\TestCase;

/** A script reads every file of the state directory while it writes, and other programs come and go. */
final class FilesTest extends TestCase
{
    private const ROUNDS = 60;

    public function testReadingTheFilesWhileOthersVisitLosesNothing(): void
    {
        $simulator = new Simulator(['--speed', '1000', '--accounts', '4']);
        $state = new StateDirectory();
        $config = $simulator->config(['gateway' => 'user', 'spacing' => '1ms', 'concurrency' => 15]);

        // The close of md5_file() drops every lock that POSIX gives the process.
        $writer = new Cli(<<<'PHP'
            [$config, $directory, $rounds, $accounts] = $data;
            mj_configure($config);
            for ($i = 0; $i < $rounds; ++$i) {
                echo mj_imagine("picture $i", ['account' => $accounts[$i % count($accounts)]]), "\n";
                foreach (array_filter(glob("$directory/*"), 'is_file') as $file) {
                    md5_file($file);
                }
                // The visitor was here.
                fgets(STDIN);
            }
            echo json_encode(mj_status()['incidents']), "\n";
            PHP, ['mj.state_dir' => $state->path, 'mj.shutdown_grace' => '0'], [$config, $state->path, self::ROUNDS, $simulator->accountNames()], true);
        $visit = 'echo (new PDO("sqlite:" . $argv[1]))->query("SELECT count(*) FROM task")->fetchColumn();';
        $ids = [];
        for ($i = 0; $i < self::ROUNDS; ++$i) {
            $ids[] = $id = $writer->line();
            self::assertMatchesRegularExpression('/^[0-9A-Z]{26}$/', $id);
            exec(implode(' ', array_map('escapeshellarg', [
                PHP_BINARY, '-n', '-d', 'extension=pdo', '-d', 'extension=pdo_sqlite', '-r', $visit, '--', "{$state->path}/store.sqlite",
            ])) . ' 2>&1', $seen, $code);
            self::assertSame([0, (string) ($i + 1)], [$code, implode("\n", $seen)], 'what another program sees');
            $seen = [];
            $writer->say("visited\n");
        }
        self::assertSame('[]', $writer->line(), 'nobody took the log away');
        $writer->wait();

        $tasks = json_decode(Cli::run('mj_configure($data[0]); echo json_encode(mj_poll_many($data[1]));', ['mj.state_dir' => $state->path], [$config, $ids]), true);
        self::assertCount(self::ROUNDS, array_filter($tasks), 'none is lost');
    }
}
