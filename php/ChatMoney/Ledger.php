<?php

declare(strict_types=1);

namespace Mj\ChatMoney;

use Mj\Task;

/**
 * Which task was delivered, and which is owed: the table `<prefix>mj_delivery`, in the site's own database.
 *
 * A delivery is written down before it is tried, by {@see Ledger::claim()}, and is done in one transaction with what the
 * notify function writes. So a process may die anywhere: what it did not finish is owed, and neither lost nor done twice.
 */
final class Ledger
{
    /** Tries of one delivery, which take 16 hours or so with the delays below; then it is given up. */
    public const TRIES = 40;

    /** Seconds to the second try, doubled for each one after it, and the most. */
    private const DELAY = 5;
    private const MOST_DELAY = 1800;

    /** `next_at` of what was given up. */
    private const NEVER = 4294967295;

    /** Seconds for which it is remembered that a task was delivered: three months, longer than the feed has it. */
    private const MEMORY = 90 * 86400;

    private string $table;

    private bool $isLocked = false;

    private bool $isReleasedAtExit = false;

    /** @param string $prefix of the site's tables */
    public function __construct(private Connection $connection, string $prefix)
    {
        $this->table = self::table($prefix);
    }

    /** What creates the table; it may be run again. */
    public static function schema(string $prefix): string
    {
        return self::create(self::table($prefix));
    }

    /** Creates the table where it is not there yet. */
    public function install(): void
    {
        $this->connection->execute(self::create($this->table));
    }

    /**
     * Takes the lock of this table, which the server gives back when the connection ends; false when another has it.
     *
     * @throws \LogicException within a transaction: who rolls it back takes back what was written down, and what was
     *                         acknowledged stays so
     */
    public function lock(): bool
    {
        if ($this->connection->isInTransaction()) {
            throw new \LogicException('results cannot be delivered within a transaction of the site: call sync() before it begins');
        }
        $this->isLocked = self::field($this->connection->query("SELECT GET_LOCK({$this->lockName()}, 0) AS n")[0] ?? [], 'n') === 1;
        if ($this->isLocked && !$this->isReleasedAtExit) {
            $this->isReleasedAtExit = true;
            // A notify function may end the process, and a persistent connection outlives the request.
            register_shutdown_function(function (): void {
                if ($this->isLocked) {
                    $this->unlock();
                }
            });
        }

        return $this->isLocked;
    }

    public function unlock(): void
    {
        $this->isLocked = false;
        $this->connection->query("SELECT RELEASE_LOCK({$this->lockName()}) AS n");
    }

    /**
     * Writes down that a delivery is tried.
     *
     * @return Claim|null null when it was delivered, is not due, was given up, or another process has it
     */
    public function claim(Task $task): ?Claim
    {
        $now = time();
        $row = $this->connection->query("SELECT * FROM `{$this->table}` WHERE `task_id` = :id", ['id' => $task->id])[0] ?? [];
        [$tries, $next] = [self::field($row, 'tries'), self::field($row, 'next_at')];
        if ($next > $now || ($row['status'] ?? '') === (string) $task->status) {
            return null;
        }
        $claim = new Claim($task, $tries + 1, $tries + 1 >= self::TRIES ? self::NEVER : $now + self::delay($tries + 1));
        $bind = ['id' => $task->id, 'tries' => $claim->tries(), 'next' => $claim->nextAt(), 'now' => $now];
        $changed = $row === []
            ? $this->connection->execute(
                // Of two that saw no row, one is the first.
                "INSERT IGNORE INTO `{$this->table}` (`task_id`, `tries`, `next_at`, `updated_at`) VALUES (:id, :tries, :next, :now)",
                $bind,
            )
            : $this->connection->execute(
                "UPDATE `{$this->table}` SET `tries` = :tries, `next_at` = :next, `updated_at` = :now
                 WHERE `task_id` = :id AND `tries` = :old_tries AND `next_at` = :old_next",
                $bind + ['old_tries' => $tries, 'old_next' => $next],
            );

        return $changed === 1 ? $claim : null;
    }

    /**
     * Delivers in one transaction with what `$notify` writes; what it throws goes on, and nothing of it stays.
     *
     * @param callable(): void $notify
     *
     * @return bool false when another process has it by now, and `$notify` was not called
     */
    public function deliver(Claim $claim, callable $notify): bool
    {
        $isOurs = false;
        $this->connection->transaction(function () use ($claim, $notify, &$isOurs): void {
            $task = $claim->task();
            $isOurs = $this->connection->execute(
                "UPDATE `{$this->table}` SET `status` = :status, `revision` = :revision, `tries` = 0, `next_at` = 0, `reason` = ''
                 WHERE `task_id` = :id AND `tries` = :tries AND `next_at` = :next",
                ['status' => (string) $task->status, 'revision' => $task->revision, 'id' => $task->id, 'tries' => $claim->tries(), 'next' => $claim->nextAt()],
            ) === 1;
            if ($isOurs) {
                $notify();
            }
        });

        return $isOurs;
    }

    /** Writes down why a try failed. */
    public function failed(Claim $claim, string $reason): void
    {
        $this->connection->execute(
            "UPDATE `{$this->table}` SET `reason` = :reason WHERE `task_id` = :id AND `tries` = :tries AND `next_at` = :next",
            ['reason' => substr($reason, 0, 191), 'id' => $claim->task()->id, 'tries' => $claim->tries(), 'next' => $claim->nextAt()],
        );
    }

    /** Gives a delivery up whose task is gone. */
    public function abandon(string $taskId): void
    {
        $this->connection->execute(
            "UPDATE `{$this->table}` SET `next_at` = :never, `reason` = 'the task is gone' WHERE `task_id` = :id",
            ['never' => self::NEVER, 'id' => $taskId],
        );
    }

    /** @return list<string> ids of the tasks whose delivery is due */
    public function due(): array
    {
        $rows = $this->connection->query(
            "SELECT `task_id` FROM `{$this->table}` WHERE `next_at` > 0 AND `next_at` <= :now ORDER BY `next_at` LIMIT 100",
            ['now' => time()],
        );

        return array_values(array_filter(array_column($rows, 'task_id'), 'is_string'));
    }

    /** Has what was given up tried again, from the first delay on. */
    public function revive(): int
    {
        return $this->connection->execute(
            "UPDATE `{$this->table}` SET `tries` = 0, `next_at` = :now WHERE `next_at` = :never",
            ['now' => time(), 'never' => self::NEVER],
        );
    }

    /** Forgets what was given up. */
    public function forget(): int
    {
        return $this->connection->execute("DELETE FROM `{$this->table}` WHERE `next_at` = :never", ['never' => self::NEVER]);
    }

    /** @return array{owed: int, abandoned: int, next: int} deliveries to be tried again, given up; Unix time of the next try or 0 */
    public function counts(): array
    {
        $never = self::NEVER;
        $row = $this->connection->query(
            "SELECT SUM(`next_at` < $never) AS owed, SUM(`next_at` = $never) AS abandoned,
             MIN(IF(`next_at` < $never, `next_at`, NULL)) AS next FROM `{$this->table}` WHERE `next_at` > 0",
        )[0] ?? [];

        return ['owed' => self::field($row, 'owed'), 'abandoned' => self::field($row, 'abandoned'), 'next' => self::field($row, 'next')];
    }

    /** Forgets what was delivered long ago. */
    public function prune(): void
    {
        $this->connection->execute(
            "DELETE FROM `{$this->table}` WHERE `updated_at` < :old AND `next_at` = 0 LIMIT 1000",
            ['old' => time() - self::MEMORY],
        );
    }

    private static function create(string $table): string
    {
        return "CREATE TABLE IF NOT EXISTS `$table` (
            `task_id` varchar(30) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
            `status` varchar(10) CHARACTER SET ascii NOT NULL DEFAULT '' COMMENT 'what was delivered, empty when nothing was',
            `revision` bigint unsigned NOT NULL DEFAULT 0 COMMENT 'which revision of the task that was',
            `tries` tinyint unsigned NOT NULL DEFAULT 0 COMMENT 'of a delivery that is owed',
            `next_at` bigint unsigned NOT NULL DEFAULT 0 COMMENT 'Unix time of the next try; 0: nothing is owed, 4294967295: given up',
            `reason` varchar(191) NOT NULL DEFAULT '' COMMENT 'why the last try failed',
            `updated_at` bigint unsigned NOT NULL,
            PRIMARY KEY (`task_id`), KEY `next_at` (`next_at`), KEY `updated_at` (`updated_at`)
        ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4";
    }

    private static function table(string $prefix): string
    {
        return preg_match('/^[A-Za-z0-9_]{0,32}$/D', $prefix) === 1
            ? $prefix . 'mj_delivery'
            : throw new \ValueError(self::class . ': the prefix must be at most 32 of A-Z, a-z, 0-9 and _');
    }

    /** At most 64 characters, and of this database only: locks are the server's. */
    private function lockName(): string
    {
        return "CONCAT('mj:', MD5(CONCAT(DATABASE(), '.{$this->table}')))";
    }

    private static function delay(int $tries): int
    {
        return (int) min(self::MOST_DELAY, self::DELAY * 2 ** min(20, $tries - 1));
    }

    /** @param array<string, mixed> $row */
    private static function field(array $row, string $name): int
    {
        $value = $row[$name] ?? 0;

        return is_numeric($value) ? (int) $value : 0;
    }
}
