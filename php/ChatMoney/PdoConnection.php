<?php

declare(strict_types=1);

namespace Mj\ChatMoney;

/**
 * A connection by PDO, with exceptions as its error mode (PHP's default). PDO knows no transaction within another one: a notify
 * function that begins its own needs a connection of its own for it.
 */
final class PdoConnection implements Connection
{
    /** @throws \ValueError where errors are no exceptions: what was not written would count as delivered */
    public function __construct(private \PDO $pdo)
    {
        if ($pdo->getAttribute(\PDO::ATTR_ERRMODE) !== \PDO::ERRMODE_EXCEPTION) {
            throw new \ValueError(self::class . ': the error mode of the connection must be PDO::ERRMODE_EXCEPTION');
        }
    }

    public function query(string $sql, array $bind = []): array
    {
        /** @var list<array<string, mixed>> $rows */
        $rows = $this->run($sql, $bind)->fetchAll(\PDO::FETCH_ASSOC);

        return $rows;
    }

    public function execute(string $sql, array $bind = []): int
    {
        return $this->run($sql, $bind)->rowCount();
    }

    public function transaction(callable $work): void
    {
        $this->pdo->beginTransaction();
        try {
            $work();
            if (!$this->pdo->inTransaction()) {
                throw new \LogicException('the notify function ended the transaction of its delivery');
            }
            $this->pdo->commit();
        } catch (\Throwable $thrown) {
            if ($this->pdo->inTransaction()) {
                $this->pdo->rollBack();
            }
            throw $thrown;
        }
    }

    public function isInTransaction(): bool
    {
        return $this->pdo->inTransaction();
    }

    /** @param array<string, int|string> $bind */
    private function run(string $sql, array $bind): \PDOStatement
    {
        $statement = $this->pdo->prepare($sql) ?: throw self::silent();
        foreach ($bind as $name => $value) {
            $statement->bindValue($name, $value, is_int($value) ? \PDO::PARAM_INT : \PDO::PARAM_STR);
        }
        if (!$statement->execute()) {
            throw self::silent();
        }

        return $statement;
    }

    /** Somebody changed the error mode since. */
    private static function silent(): \LogicException
    {
        return new \LogicException(self::class . ': the error mode of the connection must stay PDO::ERRMODE_EXCEPTION');
    }
}
