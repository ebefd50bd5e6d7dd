<?php

declare(strict_types=1);

namespace Mj\ChatMoney;

/**
 * A connection to the site's MySQL or MariaDB, as far as the bridge needs one: {@see ThinkConnection} is ThinkPHP's,
 * {@see PdoConnection} anybody's. It should be the one that the notify function writes with.
 */
interface Connection
{
    /**
     * Reads, from where is written to.
     *
     * @param array<string, int|string> $bind by placeholder, without the colon
     *
     * @return list<array<string, mixed>>
     */
    public function query(string $sql, array $bind = []): array;

    /**
     * Writes.
     *
     * @param array<string, int|string> $bind by placeholder, without the colon
     *
     * @return int how many rows it changed
     */
    public function execute(string $sql, array $bind = []): int;

    /**
     * Does all of `$work` or nothing; what it throws goes on. `$work` may not end the transaction, nor leave one open.
     *
     * @param callable(): mixed $work
     */
    public function transaction(callable $work): void;

    /** Whether a transaction is under way. */
    public function isInTransaction(): bool;
}
