<?php

declare(strict_types=1);

namespace Mj\Tests\ChatMoney;

use Mj\ChatMoney\Driver;
use Mj\ChatMoney\Ledger;
use Mj\ChatMoney\PdoConnection;
use Mj\ChatMoney\Settings;
use Mj\Midjourney;

/**
 * A site as ChatMoney is: its three tables, a key pool that is taken in turn, a notify function that downloads the picture
 * at once, and what its requests and its cron do. `tests/chatmoney/site.php` serves it, the tests' cron runs it.
 */
final class Site
{
    private const PREFIX = 'la_';

    public \PDO $pdo;

    private ?Driver $driver = null;

    /** @param array{dsn: string, mddai: array<string, mixed>, more: array<string, mixed>, pictures: string} $given */
    public function __construct(private array $given)
    {
        $this->pdo = MariaDb::pdo($given['dsn']);
    }

    /** The site that MJ_SITE names, as its processes see it. */
    public static function ofEnvironment(): self
    {
        return new self(json_decode((string) file_get_contents((string) getenv('MJ_SITE')), true, 16, JSON_THROW_ON_ERROR));
    }

    /**
     * Its tables, and the one of the bridge.
     *
     * @param list<string> $keys
     */
    public static function install(\PDO $pdo, array $keys): void
    {
        $pdo->exec("CREATE TABLE la_draw_records (
            id int unsigned AUTO_INCREMENT PRIMARY KEY, user_id int unsigned NOT NULL DEFAULT 1, action varchar(32) NOT NULL DEFAULT 'generate',
            prompt text, image_base varchar(500) NOT NULL DEFAULT '', task_id varchar(64) NOT NULL DEFAULT '', image_id varchar(64) NOT NULL DEFAULT '',
            status tinyint NOT NULL DEFAULT 0, image_url varchar(1000) NOT NULL DEFAULT '', image varchar(500) NOT NULL DEFAULT '', able_actions text,
            fail_reason text, create_time int unsigned NOT NULL DEFAULT 0, KEY task_id (task_id)) ENGINE=InnoDB");
        $pdo->exec("CREATE TABLE la_draw_task (
            id int unsigned AUTO_INCREMENT PRIMARY KEY, record_id int unsigned NOT NULL, task_id varchar(30) NOT NULL, status tinyint NOT NULL DEFAULT 0,
            progress tinyint NOT NULL DEFAULT 0, msg_id varchar(64) NOT NULL DEFAULT '', msg_hash varchar(64) NOT NULL DEFAULT '',
            UNIQUE KEY task_id (task_id)) ENGINE=InnoDB");
        $pdo->exec('CREATE TABLE la_key_pool (
            id int unsigned AUTO_INCREMENT PRIMARY KEY, type tinyint NOT NULL DEFAULT 1, `key` varchar(500) NOT NULL, used int unsigned NOT NULL DEFAULT 0,
            status tinyint NOT NULL DEFAULT 1) ENGINE=InnoDB');
        // How often the site's own logic was reached, and what it was told.
        $pdo->exec('CREATE TABLE notices (id int unsigned AUTO_INCREMENT PRIMARY KEY, task_id varchar(30), payload text) ENGINE=InnoDB');
        $insert = $pdo->prepare('INSERT INTO la_key_pool (`key`) VALUES (?)');
        array_map(static fn (string $key) => $insert->execute([$key]), $keys);
        $pdo->exec(Ledger::schema(self::PREFIX));
    }

    public function driver(): Driver
    {
        return $this->driver ??= new Driver(
            new Midjourney(Settings::fromMddai($this->given['mddai'], $this->given['more'])),
            new PdoConnection($this->pdo),
            fn (array $payload): bool => $this->notify($payload),
            fn (): string => $this->key(),
            ['prefix' => self::PREFIX],
        );
    }

    /** What the request does that draws: a record, then the driver, then its id; gives the record's id. */
    public function draw(string $prompt, string $image = ''): int
    {
        $this->pdo->prepare('INSERT INTO la_draw_records (prompt) VALUES (?)')->execute([$prompt]);
        $id = (int) $this->pdo->lastInsertId();
        $this->submitted($id, fn (): array => $this->driver()->imagine(['prompt' => $prompt, 'image_base' => $image, 'key' => "record:$id"]));

        return $id;
    }

    /** The request that draws, killed after Midjourney was asked and before the record knows. */
    public function drawAndDie(int $id): void
    {
        $this->pdo->prepare('INSERT INTO la_draw_records (id, prompt) VALUES (?, ?)')->execute([$id, 'a pier']);
        $this->driver()->imagine(['prompt' => 'a pier', 'key' => "record:$id"]);
        exec('kill -9 ' . getmypid());
    }

    /** U1 to U4, V1 to V4 of a record's picture; gives the new record's id. */
    public function uv(int $record, string $action, int $index): int
    {
        $parent = $this->record($record);
        $this->pdo->prepare('INSERT INTO la_draw_records (prompt, action) VALUES (?, ?)')->execute([$parent['prompt'], $action . $index]);
        $id = (int) $this->pdo->lastInsertId();
        $this->submitted($id, fn (): array => $this->driver()->imagineUv(['action' => $action, 'index' => $index, 'task_id' => $parent['task_id']]));

        return $id;
    }

    /**
     * What the request does that polls.
     *
     * @param list<int> $ids of records
     *
     * @return array<int, array<string, mixed>>
     */
    public function poll(array $ids): array
    {
        $this->driver()->sync();
        $records = [];
        foreach ($ids as $id) {
            $records[$id] = $this->record($id);
        }
        $look = $this->driver()->look(array_filter(array_column($records, 'task_id')));
        foreach ($records as $id => $record) {
            $records[$id] += ['progress' => $look[$record['task_id']]['progress'] ?? 0];
        }

        return $records;
    }

    /** What a notify function does that ends the request, on a connection that stays. */
    public function lockAndExit(): void
    {
        $pdo = new \PDO($this->given['dsn'], 'root', '', [\PDO::ATTR_PERSISTENT => true]);
        (new Ledger(new PdoConnection($pdo), self::PREFIX))->lock();
        exit(json_encode(['result' => $pdo->query('SELECT CONNECTION_ID()')->fetchColumn()]));
    }

    /** @return array<string, mixed> what the cron does, as a URL or as a command */
    public function cron(float $seconds): array
    {
        return $this->driver()->run($seconds);
    }

    /** @return array<string, mixed> */
    public function record(int $id): array
    {
        $statement = $this->pdo->prepare('SELECT * FROM la_draw_records WHERE id = ?');
        $statement->execute([$id]);

        return $statement->fetch(\PDO::FETCH_ASSOC);
    }

    /** @param callable(): array{task_id: string} $submit */
    private function submitted(int $id, callable $submit): void
    {
        try {
            $task = $submit()['task_id'];
            $this->pdo->prepare('UPDATE la_draw_records SET task_id = ?, image_id = ? WHERE id = ?')->execute([$task, $task, $id]);
            $this->pdo->prepare('INSERT IGNORE INTO la_draw_task (record_id, task_id, status) VALUES (?, ?, 1)')->execute([$id, $task]);
        } catch (\Exception $e) {
            $this->pdo->prepare('UPDATE la_draw_records SET status = 2, fail_reason = ? WHERE id = ?')->execute([$e->getMessage(), $id]);
        }
    }

    /** @param array<string, mixed> $payload */
    private function notify(array $payload): bool
    {
        $data = $payload['data'];
        $this->pdo->prepare('INSERT INTO notices (task_id, payload) VALUES (?, ?)')->execute([$data['task_id'], json_encode($payload)]);
        // A request that was killed may have left its record without the task.
        $this->pdo->prepare("UPDATE la_draw_records SET task_id = ? WHERE CONCAT('record:', id) = ? AND task_id = ''")
            ->execute([$data['task_id'], $data['key'] ?? '']);
        if ($payload['code'] === 1) {
            $picture = "{$this->given['pictures']}/{$data['task_id']}.png";
            file_put_contents($picture, file_get_contents($data['image_url']));
            $row = [3, $data['image_url'], $picture, json_encode($data['actions'] ?? []), ''];
        } else {
            $row = [2, '', '', '[]', $payload['msg']];
        }
        $statement = $this->pdo->prepare('UPDATE la_draw_records SET status = ?, image_url = ?, image = ?, able_actions = ?, fail_reason = ? WHERE task_id = ?');
        $statement->execute([...$row, $data['task_id']]);

        return $statement->rowCount() === 1;
    }

    /** The key that was used least. */
    private function key(): string
    {
        $this->pdo->beginTransaction();
        $key = $this->pdo->query('SELECT id, `key` FROM la_key_pool WHERE status = 1 ORDER BY used, id LIMIT 1 FOR UPDATE')->fetch(\PDO::FETCH_ASSOC);
        $this->pdo->exec("UPDATE la_key_pool SET used = used + 1 WHERE id = {$key['id']}");
        $this->pdo->commit();

        return $key['key'];
    }
}
