<?php

declare(strict_types=1);

namespace Mj\Tests\ChatMoney;

use Mj\ChatMoney\Driver;
use Mj\ChatMoney\SyncCommand;
use Mj\ChatMoney\ThinkConnection;
use Mj\Testing\FakeMidjourney;
use Mj\Testing\Outcome;
use PHPUnit\Framework\TestCase;
use think\App;
use think\console\Input;
use think\console\Output;
use think\db\PDOConnection;
use think\DbManager;

/** `php think mj:sync`, on ThinkPHP's connection. */
final class ThinkTest extends TestCase
{
    private FakeMidjourney $mj;

    private PDOConnection $connection;

    private string $dsn;

    private App $app;

    protected function setUp(): void
    {
        if (MariaDb::missing() !== null) {
            self::markTestSkipped('nothing is known of the command: ' . MariaDb::missing());
        }
        require_once __DIR__ . '/../thinkphp/think.php';
        $this->mj = new FakeMidjourney();
        $this->dsn = MariaDb::running()->database();
        $this->connection = self::connection($this->dsn);
        $this->connection->execute('CREATE TABLE notices (task_id varchar(30)) ENGINE=InnoDB');
        $this->app = new App(sys_get_temp_dir());
    }

    public function testItInstallsDeliversAndSaysWhatItDid(): void
    {
        $driver = $this->bind(fn (array $payload) => $this->connection->transaction(
            fn () => $this->connection->execute('INSERT INTO notices VALUES (:id)', ['id' => $payload['data']['task_id']]),
        ));
        self::assertSame([0, "the table mj_delivery is there\n"], $this->command('--install'));
        self::assertSame([0, "the table mj_delivery is there\n"], $this->command('--install'));

        $this->mj->wait($driver->imagine(['prompt' => 'a cat'])['task_id']);
        self::assertSame([0, "1 delivered, 0 failed; 0 to be tried again, 0 given up\n"], $this->command());
        self::assertSame([0, "0 delivered, 0 failed; 0 to be tried again, 0 given up\n"], $this->command());
        self::assertCount(1, $this->connection->query('SELECT * FROM notices'));

        $this->mj->will(Outcome::stuck());
        $driver->imagine(['prompt' => 'a dog']);
        self::assertSame([0, "0 delivered, 0 failed; 0 to be tried again, 0 given up; some tasks still run\n"], $this->command('--seconds=0'));
    }

    public function testWhatWasWrittenBeforeATryFailedIsGone(): void
    {
        $isWhole = false;
        $driver = $this->bind(function (array $payload) use (&$isWhole): void {
            $this->connection->transaction(
                fn () => $this->connection->execute('INSERT INTO notices VALUES (:id)', ['id' => $payload['data']['task_id']]),
            );
            $isWhole || throw new \RuntimeException('no room for the picture');
        });
        $driver->install();
        $this->mj->wait($driver->imagine(['prompt' => 'a cat'])['task_id']);
        self::assertSame([0, "0 delivered, 1 failed; 1 to be tried again, 0 given up\n"], $this->command('--seconds=0'));
        self::assertSame([], $this->connection->query('SELECT * FROM notices'));

        $this->connection->execute('UPDATE la_mj_delivery SET next_at = 4294967295');
        self::assertSame([1, "0 delivered, 0 failed; 0 to be tried again, 1 given up\n"], $this->command());
        $isWhole = true;
        self::assertSame([0, "1 to be tried again\n1 delivered, 0 failed; 0 to be tried again, 0 given up\n"], $this->command('--retry'));
        self::assertCount(1, $this->connection->query('SELECT * FROM notices'));

        $this->connection->execute('UPDATE la_mj_delivery SET next_at = 4294967295');
        self::assertSame([0, "1 forgotten\n0 delivered, 0 failed; 0 to be tried again, 0 given up\n"], $this->command('--forget'));
    }

    public function testATransactionThatIsLeftOpenTakesNothingWithIt(): void
    {
        $leaves = true;
        $driver = $this->bind(function (array $payload) use (&$leaves): void {
            $this->connection->startTrans();
            $this->connection->execute('INSERT INTO notices VALUES (:id)', ['id' => $payload['data']['task_id']]);
            // As a function does that returns early.
            $leaves || $this->connection->commit();
        });
        $driver->install();
        $ids = array_map(fn (string $prompt): string => $this->mj->wait($driver->imagine(['prompt' => $prompt])['task_id'])->id, ['a cat', 'a dog']);
        self::assertSame(['busy' => false, 'delivered' => 0, 'failed' => 2, 'owed' => 2, 'abandoned' => 0], $driver->sync(60.0));
        $other = self::connection($this->dsn);
        self::assertCount(2, $other->query('SELECT * FROM la_mj_delivery WHERE next_at > 0'), 'they are owed, whatever becomes of this connection');
        $leaves = false;
        $this->connection->execute('UPDATE la_mj_delivery SET next_at = 1');
        self::assertSame(2, $driver->sync(60.0)['delivered']);
        self::assertSame($ids, array_column($other->query('SELECT task_id FROM notices ORDER BY task_id'), 'task_id'));
    }

    public function testATransactionThatIsEndedIsTold(): void
    {
        $errors = [];
        $note = static function (\Throwable $thrown) use (&$errors): void {
            $errors[] = $thrown->getMessage();
        };
        $notify = fn (): int => $this->connection->execute('COMMIT');
        $driver = new Driver($this->mj, new ThinkConnection($this->connection), $notify, null, ['on_error' => $note]);
        $driver->install();
        $this->mj->wait($driver->imagine(['prompt' => 'a cat'])['task_id']);
        self::assertSame(1, $driver->sync()['failed']);
        self::assertSame(['the notify function ended the transaction of its delivery'], $errors);
    }

    public function testItSaysWhatIsMissing(): void
    {
        [$status, $said] = $this->command();
        self::assertSame(1, $status);
        self::assertStringContainsString('app/provider.php', $said);
    }

    /** @param callable(array<string, mixed>): mixed $notify */
    private function bind(callable $notify): Driver
    {
        $this->app->bind(Driver::class, fn (): Driver => new Driver($this->mj, new ThinkConnection($this->connection), $notify));

        return $this->app->make(Driver::class);
    }

    /** @return array{int, string} exit code and what it wrote */
    private function command(string ...$arguments): array
    {
        $command = new SyncCommand();
        self::assertSame('mj:sync', $command->getName());
        $command->setApp($this->app);
        $output = new Output('buffer');
        $status = $command->run(new Input($arguments), $output);

        return [$status, $output->fetch()];
    }

    private static function connection(string $dsn): PDOConnection
    {
        $manager = new DbManager();
        $manager->setConfig(['default' => 'mysql', 'connections' => [
            'mysql' => ['type' => 'mysql', 'dsn' => $dsn, 'username' => 'root', 'password' => '', 'charset' => 'utf8mb4', 'deploy' => 0, 'fields_strict' => true],
        ]]);

        return $manager->connect();
    }
}
