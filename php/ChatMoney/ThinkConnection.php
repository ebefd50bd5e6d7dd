<?php

declare(strict_types=1);

namespace Mj\ChatMoney;

use think\db\PDOConnection as Think;

/** ThinkPHP's connection, `Db::connect()`: notify functions that use models or `Db` write with the same one. */
final class ThinkConnection implements Connection
{
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
        $this->think->transaction(static function () use ($work): void {
            $work();
        });
    }
}
