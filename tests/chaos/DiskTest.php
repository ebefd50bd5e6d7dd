<?php

declare(strict_types=1);

namespace Mj\Tests\Chaos;

use Mj\Tests\Process\Fpm;
use Mj\Tests\Process\Simulator;
use Mj\Tests\Process\StateDirectory;
use Mj\Tests\Process\Until;
use PHPUnit\Framework\TestCase;

/**
 * Disks that are full, read-only, or give back something else than was written. What the store promises alone is held
 * by src/store/tests/damage.rs; here real workers meet it in the middle of their tasks.
 */
final class DiskTest extends TestCase
{
    private const WORKERS = 4;

    public function testAFullDiskRefusesNewTasksAndLosesNoOldOne(): void
    {
        $this->needsDisks();
        $disk = new SmallDisk(8);
        [$simulator, $fpm, $stay] = $this->stay($disk->path, speed: 2);

        $stay->submit(2);
        $stay->untilStatus('IN_PROGRESS');
        $disk->fill();
        $refused = $stay->untilRefused('Mj\StorageException');
        self::assertMatchesRegularExpression('/no space.*mj\.state_dir/s', $refused);
        // Longer than a lease, with pictures that become ready meanwhile and cannot be written down.
        Until::true(static fn () => array_filter($simulator->jobs(), static fn (array $job) => $job['state'] !== 'finished') === [], 60.0);
        sleep(12);
        self::assertIsArray($stay->poll(), 'what is there can be read');
        $disk->free();

        $stay->submit(1);
        $stay->assertAllEndOnce(90.0);
        $stay->tell('disk full');
    }

    public function testAReadOnlyDiskIsSaidAndOverWhenItEnds(): void
    {
        $this->needsDisks();
        $disk = new SmallDisk(8);
        [$simulator, $fpm, $stay] = $this->stay($disk->path);
        $stay->submit(2);
        $fpm->stop(SIGKILL);
        $fpm->killOrphans();

        Until::true(static function () use ($disk): bool {
            try {
                $disk->remount('ro');

                return true;
            } catch (\RuntimeException) {
                return false;
            }
        }, 10.0);
        $fpm->start();
        $refused = $stay->untilRefused('Mj\ConfigurationException');
        self::assertMatchesRegularExpression('/mj\.state_dir.*(Read-only|read-only)/s', $refused);
        $disk->remount('rw');

        $stay->submit(1);
        $stay->assertAllEndOnce(90.0);
        $stay->tell('disk read-only');
    }

    public function testADirectoryThatMayNotBeWrittenIsSaidAndOverWhenItEnds(): void
    {
        $this->needsRoot();
        $state = new StateDirectory();
        [$simulator, $fpm, $stay] = $this->stay($state->path);
        $stay->submit(2);

        // Who has it open goes on; who comes new is told.
        chmod($state->path, 0500);
        $stay->submit(1);
        $fpm->stop(SIGTERM);
        $fpm->start();
        $refused = $stay->untilRefused('Mj\ConfigurationException');
        self::assertStringContainsString($state->path, $refused);
        self::assertStringContainsString('mj.state_dir', $refused);
        chmod($state->path, 0700);

        $stay->submit(1);
        $stay->assertAllEndOnce(90.0);
        $stay->tell('directory not writable');
    }

    /** @return array<string, array{callable(string): void}> what is done to a database of which the log is empty */
    public function damages(): array
    {
        $overwrite = static function (string $path, int $at, int $length): void {
            $file = fopen($path, 'r+');
            fseek($file, $at);
            fwrite($file, random_bytes($length));
            fclose($file);
        };

        return [
            'bytes of the first page' => [static fn (string $path) => $overwrite($path, 0, 4096)],
            'bytes in the middle' => [static fn (string $path) => $overwrite($path, 8192, max(8192, filesize($path) - 8192))],
            'half of it' => [static function (string $path): void {
                $file = fopen($path, 'r+');
                ftruncate($file, intdiv(filesize($path), 2) - 100);
                fclose($file);
            }],
        ];
    }

    /**
     * What is damaged is kept, said and never paid for again by itself; new tasks go on in a new database.
     *
     * @dataProvider damages
     */
    public function testADamagedDatabaseIsMovedAsideAndSaid(callable $damage): void
    {
        $this->needsRoot();
        $state = new StateDirectory();
        [$simulator, $fpm, $stay] = $this->stay($state->path);
        $stay->submit(12);
        $stay->assertAllEndOnce(60.0);
        $database = "$state->path/store.sqlite";
        (new \PDO("sqlite:$database"))->exec('PRAGMA wal_checkpoint(TRUNCATE)');
        clearstatcache();
        $damage($database);
        $damaged = md5_file($database);

        $answer = null;
        Until::true(static function () use ($stay, $state, &$answer): bool {
            $stay->poll();

            return ($answer = glob("$state->path/store.sqlite.damaged-*[0-9]")) !== [];
        }, 20.0, static fn () => 'it was not moved aside');
        self::assertCount(1, $answer);
        self::assertSame($damaged, md5_file($answer[0]), 'it is kept as it was found');
        $before = count($simulator->jobs());
        $stay->forget();
        $stay->submit(3);
        $stay->assertAllEndOnce(60.0, $before);
        // Whoever asks is told, whichever worker it was that found it.
        for ($number = 0; $number < 3 * self::WORKERS; ++$number) {
            self::assertStringContainsString($answer[0], json_encode($fpm->call('mj_status')['incidents'], JSON_UNESCAPED_SLASHES));
        }
        $stay->tell('database damaged' . $this->getDataSetAsString(false));
    }

    public function testALogThatWasCutOffKeepsWhatWasWhole(): void
    {
        $this->needsRoot();
        $state = new StateDirectory();
        [$simulator, $fpm, $stay] = $this->stay($state->path);
        $stay->submit(4);
        $stay->assertAllEndOnce(60.0);
        $fpm->stop(SIGKILL);
        $fpm->killOrphans();
        // A power cut in the middle of a write: the last frame is half there, and behind it lies what was there before.
        $log = fopen("$state->path/store.sqlite-wal", 'r+');
        ftruncate($log, fstat($log)['size'] - 2000);
        fseek($log, 0, SEEK_END);
        fwrite($log, random_bytes(9000));
        fclose($log);
        $fpm->start();

        $stay->assertAllEndOnce(60.0);
        $stay->submit(2);
        $stay->assertAllEndOnce(60.0);
        self::assertSame([], $fpm->call('mj_status')['incidents']);
        $stay->tell('log cut off');
    }

    public function testADirectoryThatIsRemovedUnderLivingProcessesIsMadeAnew(): void
    {
        $this->needsRoot();
        $state = new StateDirectory();
        [$simulator, $fpm, $stay] = $this->stay($state->path);
        $stay->submit(3);
        $stay->assertAllEndOnce(60.0);
        exec('rm -rf ' . escapeshellarg($state->path));

        $refused = $stay->untilRefused('Mj\StorageException');
        self::assertMatchesRegularExpression('/mj\.state_dir/', $refused);
        mkdir($state->path, 0700);
        chown($state->path, 'www-data');
        chgrp($state->path, 'www-data');

        $before = count($simulator->jobs());
        $stay->forget();
        $stay->submit(6);
        $stay->assertAllEndOnce(60.0, $before);
        Until::true(static fn () => $simulator->record()['open_connections'] === 1, 30.0, static fn () => 'not one gateway: ' . $simulator->record()['open_connections']);
        self::assertStringContainsString('removed or replaced', json_encode(array_merge(...array_column($fpm->calls(array_fill(0, 16, ['mj_status'])), 'incidents'))));
        $stay->tell('directory removed');
    }

    public function testADatabaseThatIsRestoredUnderLivingProcessesIsUsed(): void
    {
        $this->needsRoot();
        $state = new StateDirectory();
        [$simulator, $fpm, $stay] = $this->stay($state->path);
        $stay->submit(3);
        $stay->assertAllEndOnce(60.0);
        $database = "$state->path/store.sqlite";
        (new \PDO("sqlite:$database"))->exec("VACUUM INTO '$state->path/backup'");
        $later = $fpm->call('mj_imagine', 'after the backup');
        Until::true(static fn () => $fpm->call('mj_poll', $later)['status'] === 'SUCCESS', 30.0);

        chown("$state->path/backup", 'www-data');
        chmod("$state->path/backup", 0600);
        rename("$state->path/backup", $database);
        array_map('unlink', ["$database-wal", "$database-shm"]);
        Until::true(static fn () => $fpm->call('mj_poll', $later) === null, 10.0, static fn () => 'the older database is not used');
        $stay->assertAllEndOnce(30.0, 0, 1);
        $stay->submit(3);
        $stay->assertAllEndOnce(60.0, 0, 1);
        $stay->tell('database restored');
    }

    /** @return array{Simulator, Fpm, Stay} workers whose state lies in a directory */
    private function stay(string $directory, int $speed = 20): array
    {
        $simulator = new Simulator(['--speed', (string) $speed]);
        $fpm = new Fpm(['mj.state_dir' => $directory] + $simulator->ini(['gateway' => 'user']), self::WORKERS);

        return [$simulator, $fpm, new Stay($fpm, $simulator)];
    }

    private function needsRoot(): void
    {
        if (posix_geteuid() !== 0) {
            self::markTestSkipped('only root can give the state directory to the workers, and take it away');
        }
    }

    private function needsDisks(): void
    {
        if (!SmallDisk::isPossible()) {
            self::markTestSkipped('left out: only root with the right to mount can make a small disk');
        }
    }
}
