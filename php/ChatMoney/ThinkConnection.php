<?php

declare(strict_types=1);

namespace Mj\ChatMoney;

use think\db\PDOConnection as Think;

/** ThinkPHP's connection, `Db::connect()`: notify functions that use models or `Db` write with the same one. */
final class ThinkConnection implements Connection
{
    /** Transactions within others that may be left open. */
    private const DEEPEST = 16;

    public function __construct(private Think $think) {}

    public function query(string $sql, array $bind = []): array
    {
        /** @var list<array<string, mixed>> $rows */
        $rows = $this->think->query($sql, $bind, true);

        return $rows;
    }

    public function execute(string $sql, array $bind = []): int
    {
        return $this->think->execute($sql, $bind);
    }

    public function transaction(callable $work): void
    {
        $this->think->transaction(function () use ($work): void {
            $work();
            if (!$this->isInTransaction()) {
                throw new \LogicException('the notify function ended the transaction of its delivery');
            }
        });
        // It counts transactions within others: where one of them was left open it has committed nothing, nor would later.
        for ($depth = 0; $this->isInTransaction(); ++$depth) {
            $depth < self::DEEPEST ? $this->think->rollback() : $this->pdo()?->rollBack();
        }
        if ($depth > 0) {
            throw new \LogicException('the notify function began a transaction and did not end it');
        }
    }

    public function isInTransaction(): bool
    {
        return $this->pdo()?->inTransaction() ?? false;
    }

    private function pdo(): ?\PDO
    {
        $pdo = $this->think->getPdo();

        return $pdo instanceof \PDO ? $pdo : null;
    }
}
