<?php

declare(strict_types=1);

namespace Mj\Tests\ChatMoney;

use Mj\ChatMoney\Connection;
use Mj\ChatMoney\Driver;
use Mj\ChatMoney\Ledger;
use Mj\ChatMoney\PdoConnection;
use Mj\FailCode;
use Mj\Testing\FakeMidjourney;
use Mj\Testing\Outcome;
use Mj\Tests\Process\Until;
use PHPUnit\Framework\TestCase;

/** What is delivered, how often, and what becomes of what cannot be; on a real MariaDB, with a Midjourney that takes no time. */
final class SyncTest extends TestCase
{
    private const NOTHING = ['busy' => false, 'delivered' => 0, 'failed' => 0, 'owed' => 0, 'abandoned' => 0];

    private string $dsn;

    private \PDO $pdo;

    private FakeMidjourney $mj;

    /** @var (callable(array<string, mixed>): mixed)|null what the notify function does after it has written its row */
    private $then = null;

    /** @var list<string> */
    private array $errors = [];

    protected function setUp(): void
    {
        if (MariaDb::missing() !== null) {
            self::markTestSkipped('nothing is known of deliveries: ' . MariaDb::missing());
        }
        $this->dsn = MariaDb::running()->database();
        $this->pdo = MariaDb::pdo($this->dsn);
        Site::install($this->pdo, []);
        $this->mj = new FakeMidjourney();
    }

    public function testAResultIsDeliveredOnce(): void
    {
        $this->mj->will(Outcome::success(), Outcome::failure(FailCode::BANNED_PROMPT, 'banned'), Outcome::stuck());
        $driver = $this->driver();
        [$good, $bad, $open] = [$this->drawn($driver, 'one'), $this->drawn($driver, 'two'), $driver->imagine(['prompt' => 'three'])['task_id']];

        self::assertSame(self::ordered(['delivered' => 2]), self::ordered($driver->sync()));
        self::assertSame(self::NOTHING, self::ordered($driver->sync()));
        $payloads = $this->payloads();
        self::assertSame([$good, $bad], array_keys($payloads));
        self::assertSame([1, 'generate', $good], [$payloads[$good]['code'], $payloads[$good]['data']['action'], $payloads[$good]['data']['task_id']]);
        self::assertSame(['code' => 0, 'msg' => 'banned', 'data' => ['task_id' => $bad]], $payloads[$bad]);
        $this->mj->cancel($open);
        self::assertSame(self::ordered(['delivered' => 1]), self::ordered($driver->sync()));
        self::assertSame(0, $this->payloads()[$open]['code']);
    }

    public function testAPoisonTaskStandsInNobodysWayAndComesAgain(): void
    {
        $driver = $this->driver();
        $ids = array_map(fn (int $i): string => $this->drawn($driver, "number $i"), range(1, 3));
        $this->then = static fn (array $payload) => $payload['data']['task_id'] === $ids[0] ? throw new \LogicException('https://cdn.example/?hm=signed') : null;

        self::assertSame(self::ordered(['delivered' => 2, 'failed' => 1, 'owed' => 1]), self::ordered($driver->sync()));
        self::assertSame([$ids[1], $ids[2]], array_keys($this->payloads()), 'what it had written before it threw is gone');
        self::assertSame(["LogicException of $ids[0]"], $this->errors);
        self::assertSame('LogicException in SyncTest.php', preg_replace('/:\d+$/', '', $this->row($ids[0])['reason']));
        self::assertSame(self::ordered(['owed' => 1]), self::ordered($driver->sync()), 'not before its time');

        $this->due();
        self::assertSame(self::ordered(['failed' => 1, 'owed' => 1]), self::ordered($driver->sync()));
        self::assertGreaterThan(time() + 8, (int) $this->row($ids[0])['next_at'], 'the delay grows');
        $this->due();
        $this->then = null;
        self::assertSame(self::ordered(['delivered' => 1]), self::ordered($driver->sync()));
        self::assertSame([1, 1, 1], $this->counts());
    }

    public function testWhatNeverWorksIsGivenUpUntilSomebodyAsks(): void
    {
        $driver = $this->driver();
        $id = $this->drawn($driver, 'a cat');
        $this->then = static fn () => throw new \LogicException('no');
        for ($try = 1; $try <= Ledger::TRIES; ++$try) {
            self::assertSame(1, $driver->sync()['failed'], "try $try");
            $this->due();
        }
        self::assertSame(self::ordered(['abandoned' => 1]), self::ordered($driver->sync()));
        $this->then = null;
        self::assertSame(1, $driver->retry());
        self::assertSame(self::ordered(['delivered' => 1]), self::ordered($driver->sync()));
        self::assertSame([$id], array_keys($this->payloads()));
    }

    public function testWhyIsWrittenDownWithoutWhatTheExceptionSays(): void
    {
        $driver = $this->driver();
        $id = $this->drawn($driver, 'a cat');
        $this->then = static fn () => throw new class ('a-secret') extends \RuntimeException {};
        $driver->sync();
        self::assertMatchesRegularExpression('/^RuntimeException@anonymous in SyncTest\.php:\d+$/D', $this->row($id)['reason']);
    }

    public function testATaskThatNoRecordHasYetIsTriedAgain(): void
    {
        $driver = $this->driver();
        $id = $this->drawn($driver, 'a cat');
        $this->then = static fn (): bool => false;
        self::assertSame(self::ordered(['failed' => 1, 'owed' => 1]), self::ordered($driver->sync()));
        self::assertSame('no record has this task yet', $this->row($id)['reason']);
        $this->then = static fn (): bool => true;
        $this->due();
        self::assertSame(self::ordered(['delivered' => 1]), self::ordered($driver->sync()));
    }

    public function testAProcessThatDiesInTheMiddleLosesAndRepeatsNothing(): void
    {
        $driver = $this->driver();
        $ids = array_map(fn (int $i): string => $this->drawn($driver, "number $i"), range(1, 3));
        $child = pcntl_fork();
        if ($child === 0) {
            // A connection of its own, and the feed as it was: what it acknowledges dies with it.
            $this->pdo = MariaDb::pdo($this->dsn);
            $this->then = static fn (array $payload) => $payload['data']['task_id'] === $ids[1] ? posix_kill(getmypid(), SIGKILL) : null;
            $this->driver()->sync();
            exit(0);
        }
        pcntl_waitpid($child, $status);
        self::assertTrue(pcntl_wifsignaled($status), 'it died in its second delivery');
        $this->awaitOneConnection();
        self::assertSame([$ids[0]], array_keys($this->payloads()));

        self::assertSame(self::ordered(['delivered' => 1, 'owed' => 1]), self::ordered($driver->sync()));
        $this->due();
        self::assertSame(self::ordered(['delivered' => 1]), self::ordered($driver->sync()));
        self::assertSame([1, 1, 1], $this->counts());
    }

    public function testOfTwoAtOnceOneDelivers(): void
    {
        $driver = $this->driver();
        $this->drawn($driver, 'a cat');
        $other = new Ledger(new PdoConnection(MariaDb::pdo($this->dsn)), 'la_');
        self::assertTrue($other->lock());
        self::assertSame(self::ordered(['busy' => true]), self::ordered($driver->sync()));
        $other->unlock();

        $within = null;
        $this->then = static function () use ($driver, &$within): void {
            $within = $driver->sync();
        };
        self::assertSame(1, $driver->sync()['delivered']);
        self::assertTrue($within['busy'], 'a notify function that polls begins no other one');
        self::assertSame([1], $this->counts());
        self::assertTrue($other->lock(), 'the lock was given back');
    }

    public function testCronsAndPollsAtOnceDeliverEachOnce(): void
    {
        $driver = $this->driver();
        $ids = array_map(fn (int $i): string => $this->drawn($driver, "number $i"), range(1, 15));
        $children = [];
        for ($i = 0; $i < 4; ++$i) {
            $children[] = $child = pcntl_fork();
            if ($child === 0) {
                // Each reads the feed from its beginning: only lock and table keep them apart. One notify in five throws.
                $this->pdo = MariaDb::pdo($this->dsn);
                mt_srand($i);
                $this->then = static fn () => mt_rand(1, 5) === 1 ? throw new \LogicException('not now') : null;
                $driver = $this->driver();
                for ($round = 0; $round < 60; ++$round) {
                    try {
                        $i === 0 ? $driver->run(0.05) : $driver->sync(0.01);
                        $this->due();
                    } catch (\PDOException) {
                        // A deadlock with another one's due(): this request fails, the next one goes on.
                    }
                }
                posix_kill(getmypid(), SIGKILL);
            }
        }
        foreach ($children as $child) {
            pcntl_waitpid($child, $status);
        }
        $this->pdo = MariaDb::pdo($this->dsn);
        $driver = $this->driver();
        do {
            $this->due();
        } while ($driver->sync()['owed'] > 0);
        $seen = array_keys($this->payloads());
        sort($seen);
        self::assertSame($ids, $seen);
        self::assertSame(array_fill(0, 15, 1), $this->counts());
    }

    public function testWithoutTheLockTheRowStillKeepsTwoApart(): void
    {
        $driver = $this->driver();
        $id = $this->drawn($driver, 'a cat');
        $task = $this->mj->wait($id);
        [$one, $two] = [new Ledger(new PdoConnection($this->pdo), 'la_'), new Ledger(new PdoConnection(MariaDb::pdo($this->dsn)), 'la_')];
        $first = $one->claim($task);
        self::assertNull($two->claim($task), 'another has it');
        $this->due();
        $second = $two->claim($task);
        $calls = 0;
        $count = static function () use (&$calls): void {
            ++$calls;
        };
        self::assertFalse($one->deliver($first, $count), 'it was too slow');
        self::assertTrue($two->deliver($second, $count));
        self::assertSame(1, $calls);
    }

    public function testWithoutTheLockTwoThatSeeNoRowAreKeptApartToo(): void
    {
        $driver = $this->driver();
        $task = $this->mj->wait($this->drawn($driver, 'a cat'));
        $other = new Ledger(new PdoConnection(MariaDb::pdo($this->dsn)), 'la_');
        $claimed = null;
        $slow = $this->createMock(Connection::class);
        $real = new PdoConnection($this->pdo);
        $slow->method('query')->willReturnCallback(static function (string $sql, array $bind) use ($real, $other, $task, &$claimed): array {
            $rows = $real->query($sql, $bind);
            $claimed = $other->claim($task);

            return $rows;
        });
        $slow->method('execute')->willReturnCallback([$real, 'execute']);
        self::assertNull((new Ledger($slow, 'la_'))->claim($task));
        self::assertNotNull($claimed);
        self::assertSame('1', (string) $this->row($task->id)['tries']);
    }

    public function testALatePictureIsDeliveredAfterItsFailure(): void
    {
        $this->mj->will(Outcome::success()->late());
        $driver = $this->driver();
        $id = $this->drawn($driver, 'a cat');
        $driver->sync();
        self::assertSame(0, $this->payloads()[$id]['code']);
        $this->mj->advance($id);
        self::assertSame(self::ordered(['delivered' => 1]), self::ordered($driver->sync()));
        self::assertSame([2], $this->counts());
        self::assertSame(1, $this->payloads()[$id]['code'], 'the last one');
    }

    public function testTasksOfOthersAreLeftAlone(): void
    {
        $driver = $this->driver();
        $this->mj->wait($this->mj->imagine('of another application'));
        $this->mj->wait($this->mj->imagine('of another site', ['state' => 'chatmoney2:generate']));
        self::assertSame(self::NOTHING, self::ordered($driver->sync()));
        self::assertSame([], $this->payloads());
    }

    public function testADatabaseThatIsAwayLosesNothing(): void
    {
        $driver = $this->driver();
        $this->drawn($driver, 'a cat');
        $this->pdo->exec('RENAME TABLE la_mj_delivery TO elsewhere');
        try {
            $driver->sync();
            self::fail('nothing was thrown');
        } catch (\PDOException $thrown) {
            self::assertStringContainsString('la_mj_delivery', $thrown->getMessage());
        }
        $this->pdo->exec('RENAME TABLE elsewhere TO la_mj_delivery');
        self::assertSame(self::ordered(['delivered' => 1]), self::ordered($driver->sync()));
    }

    public function testADatabaseThatGoesInTheMiddleIsToldNothingTwice(): void
    {
        $driver = $this->driver();
        $ids = array_map(fn (int $i): string => $this->drawn($driver, "number $i"), range(1, 2));
        $connection = (int) $this->pdo->query('SELECT CONNECTION_ID()')->fetchColumn();
        $this->then = fn (array $payload) => $payload['data']['task_id'] === $ids[1] ? MariaDb::pdo($this->dsn)->exec("KILL $connection") : null;
        try {
            $driver->sync();
            self::fail('nothing was thrown');
        } catch (\PDOException $thrown) {
            self::assertStringContainsString('gone away', $thrown->getMessage());
        }

        $this->pdo = MariaDb::pdo($this->dsn);
        $this->then = null;
        unset($driver);
        $this->awaitOneConnection();
        self::assertSame([$ids[0]], array_keys($this->payloads()), 'what was written before it went is gone');
        $driver = $this->driver();
        self::assertSame(self::ordered(['owed' => 1]), self::ordered($driver->sync()), 'the lock went with the connection, the claim stayed');
        $this->due();
        self::assertSame(self::ordered(['delivered' => 1]), self::ordered($driver->sync()));
        self::assertSame([1, 1], $this->counts());
    }

    public function testANotifyFunctionWithTransactionsOfItsOwnIsTold(): void
    {
        $driver = $this->driver();
        $id = $this->drawn($driver, 'a cat');
        $this->then = fn () => $this->pdo->beginTransaction();
        self::assertSame(self::ordered(['failed' => 1, 'owed' => 1]), self::ordered($driver->sync()));
        self::assertSame([], $this->payloads());

        $this->due();
        $this->then = fn () => $this->pdo->exec('COMMIT');
        self::assertSame(self::ordered(['failed' => 1]), self::ordered($driver->sync()), 'what it wrote stays, so it comes no second time');
        self::assertSame([$id], array_keys($this->payloads()));
        $this->due();
        self::assertSame(self::NOTHING, self::ordered($driver->sync()));
        self::assertSame(["PDOException of $id", "LogicException of $id"], $this->errors);
    }

    public function testWithinATransactionNothingIsDeliveredOrAcknowledged(): void
    {
        $driver = $this->driver();
        $this->drawn($driver, 'a cat');
        $this->pdo->beginTransaction();
        try {
            $driver->sync();
            self::fail('nothing was thrown');
        } catch (\LogicException $thrown) {
            self::assertStringContainsString('within a transaction', $thrown->getMessage());
        }
        $this->pdo->rollBack();
        self::assertSame(self::ordered(['delivered' => 1]), self::ordered($driver->sync()));
        self::assertSame([1], $this->counts());
    }

    public function testAConnectionThatHidesItsErrorsIsRefused(): void
    {
        $this->pdo->setAttribute(\PDO::ATTR_ERRMODE, \PDO::ERRMODE_SILENT);
        $this->expectExceptionMessage('must be PDO::ERRMODE_EXCEPTION');
        new PdoConnection($this->pdo);
    }

    public function testAConnectionThatComesToHideItsErrorsIsRefused(): void
    {
        $connection = new PdoConnection($this->pdo);
        $this->pdo->setAttribute(\PDO::ATTR_ERRMODE, \PDO::ERRMODE_SILENT);
        $this->expectExceptionMessage('must stay PDO::ERRMODE_EXCEPTION');
        $connection->execute('INSERT INTO nowhere VALUES (1)');
    }

    public function testARecordThatWasDeletedIsGivenUpAndForgotten(): void
    {
        $driver = $this->driver();
        $id = $this->drawn($driver, 'a cat');
        $this->then = static fn (): bool => false;
        for ($try = 1; $try <= Ledger::TRIES; ++$try) {
            $driver->sync();
            $this->due();
        }
        self::assertSame([1, 0], [$driver->sync()['abandoned'], count($this->payloads())]);
        self::assertSame(1, $driver->forget());
        self::assertNull($this->row($id));
        self::assertSame(self::NOTHING, self::ordered($driver->sync()), 'the feed brings it no second time');
    }

    public function testTheKeyOfTheRequestGoesAlong(): void
    {
        $this->mj->will(Outcome::success(), Outcome::failure(FailCode::BANNED_PROMPT, 'banned'));
        $driver = $this->driver();
        $good = $driver->imagine(['prompt' => 'one', 'key' => 'record:7:1'])['task_id'];
        $bad = $driver->imagine(['prompt' => 'two', 'key' => 'record:8'])['task_id'];
        self::assertSame($good, $driver->imagine(['prompt' => 'one', 'key' => 'record:7:1'])['task_id']);
        $this->mj->waitMany([$good, $bad]);
        self::assertSame(2, $driver->sync()['delivered']);
        $payloads = $this->payloads();
        self::assertSame(['generate', 'record:7:1'], [$payloads[$good]['data']['action'], $payloads[$good]['data']['key']]);
        self::assertSame(['task_id' => $bad, 'key' => 'record:8'], $payloads[$bad]['data']);
    }

    public function testARequestThatPollsDoesOneAtLeastAndStopsInTime(): void
    {
        $driver = $this->driver();
        array_map(fn (int $i): string => $this->drawn($driver, "number $i"), range(1, 3));
        self::assertGreaterThanOrEqual(1, $driver->sync(0.0)['delivered']);
        self::assertLessThan(3, count($this->payloads()));
        $driver->sync(0.0);
        $driver->sync(0.0);
        self::assertSame([1, 1, 1], $this->counts());
    }

    public function testTheCronStaysWhileSomethingRunsAndOnlyThen(): void
    {
        $driver = $this->driver();
        self::assertSame([0, false], array_values(array_intersect_key($driver->run(60.0), ['delivered' => 0, 'open' => 0])));
        $this->mj->will(Outcome::stuck());
        $driver->imagine(['prompt' => 'a cat']);
        self::assertTrue($driver->run(0.0)['open']);
    }

    public function testWhatEndsWhileTheCronDeliversIsDeliveredByIt(): void
    {
        $driver = $this->driver();
        $this->drawn($driver, 'a cat');
        $later = $driver->imagine(['prompt' => 'a dog'])['task_id'];
        $this->then = function () use ($later): void {
            $this->mj->wait($later, 600.0);
        };
        self::assertSame([2, false], array_values(array_intersect_key($driver->run(60.0), ['delivered' => 0, 'open' => 0])));
    }

    public function testWhatWasDeliveredLongAgoIsForgotten(): void
    {
        $driver = $this->driver();
        $id = $this->drawn($driver, 'a cat');
        $driver->sync();
        $this->pdo->exec('UPDATE la_mj_delivery SET updated_at = 1');
        $driver->run(0.0);
        self::assertNull($this->row($id));
    }

    /** The server notices a moment later that a connection is gone. */
    private function awaitOneConnection(): void
    {
        $count = 'SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE()';
        Until::true(fn (): bool => (int) $this->pdo->query($count)->fetchColumn() === 1, 60.0);
    }

    private function driver(): Driver
    {
        $notify = function (array $payload): mixed {
            $this->pdo->prepare('INSERT INTO notices (task_id, payload) VALUES (?, ?)')->execute([$payload['data']['task_id'], json_encode($payload)]);

            return $this->then === null ? true : ($this->then)($payload);
        };
        $error = function (\Throwable $thrown, string $id): void {
            $this->errors[] = $thrown::class . " of $id";
        };

        return new Driver($this->mj, new PdoConnection($this->pdo), $notify, null, ['on_error' => $error]);
    }

    /** The id of a task that has ended. */
    private function drawn(Driver $driver, string $prompt): string
    {
        $id = $driver->imagine(['prompt' => $prompt])['task_id'];
        $this->mj->wait($id, 600.0);

        return $id;
    }

    /** Lets everything be due that is owed. */
    private function due(): void
    {
        $this->pdo->exec('UPDATE la_mj_delivery SET next_at = 1 WHERE next_at > 0 AND next_at < 4000000000');
    }

    /** @return array<string, mixed>|null */
    private function row(string $id): ?array
    {
        $statement = $this->pdo->prepare('SELECT * FROM la_mj_delivery WHERE task_id = ?');
        $statement->execute([$id]);

        return $statement->fetch(\PDO::FETCH_ASSOC) ?: null;
    }

    /** @return array<string, array<string, mixed>> the last by task */
    private function payloads(): array
    {
        $rows = $this->pdo->query('SELECT task_id, payload FROM notices ORDER BY id')->fetchAll(\PDO::FETCH_KEY_PAIR);

        return array_map(static fn (string $payload): array => json_decode($payload, true), $rows);
    }

    /** @return list<int> */
    private function counts(): array
    {
        return array_map('intval', $this->pdo->query('SELECT COUNT(*) FROM notices GROUP BY task_id')->fetchAll(\PDO::FETCH_COLUMN));
    }

    /**
     * @param array<string, mixed> $done
     *
     * @return array<string, mixed>
     */
    private static function ordered(array $done): array
    {
        return array_replace(self::NOTHING, $done);
    }
}
