<?php

declare(strict_types=1);

namespace Mj\Tests\ChatMoney;

use Mj\Tests\Process\Until;

/** A real MariaDB on a socket in a directory of its own; one for all tests of a run, a database for each. */
final class MariaDb
{
    private static ?self $running = null;

    private string $directory;

    /** @var resource|null */
    private $process = null;

    private int $databases = 0;

    /** A forked child leaves it to its parent. */
    private int $pid;

    private function __construct()
    {
        $this->pid = (int) getmypid();
        $this->directory = sys_get_temp_dir() . '/mj-mariadb-' . bin2hex(random_bytes(6));
        mkdir($this->directory, 0755);
        // It refuses to run as root.
        $user = posix_geteuid() === 0 ? 'www-data' : (posix_getpwuid(posix_geteuid()) ?: [])['name'] ?? '';
        if (posix_geteuid() === 0) {
            chown($this->directory, $user);
        }
        $common = ['--no-defaults', "--user=$user", "--datadir=$this->directory/data"];
        $this->say(['mariadb-install-db', ...$common, '--auth-root-authentication-method=normal', '--skip-test-db']);
        $log = ['file', "$this->directory/out.log", 'a'];
        $this->process = proc_open(
            ['mariadbd', ...$common, "--socket=$this->directory/sql", "--pid-file=$this->directory/pid", '--skip-networking', '--innodb-buffer-pool-size=16M', '--sql-mode=TRADITIONAL,ONLY_FULL_GROUP_BY'],
            [['file', '/dev/null', 'r'], $log, $log],
            $pipes,
            null,
            self::environment(),
        ) ?: null;
        Until::true(fn (): bool => $this->answers(), 30.0, fn (): string => 'MariaDB did not start: ' . file_get_contents("$this->directory/out.log"));
    }

    public function __destruct()
    {
        if ($this->pid !== getmypid()) {
            return;
        }
        if ($this->process !== null) {
            proc_terminate($this->process, SIGKILL);
            proc_close($this->process);
        }
        exec('rm -rf ' . escapeshellarg($this->directory));
    }

    /** What is missing on this machine, if anything. */
    public static function missing(): ?string
    {
        $hasServer = trim((string) shell_exec('PATH=' . self::environment()['PATH'] . ' command -v mariadbd')) !== '';

        return match (true) {
            !$hasServer => 'MariaDB is not installed (apt-get install mariadb-server-core mariadb-client-core)',
            !extension_loaded('pdo_mysql') => 'PHP has no pdo_mysql (apt-get install php-mysql)',
            default => null,
        };
    }

    public static function running(): self
    {
        return self::$running ??= new self();
    }

    /** Makes an empty database; gives its DSN, for the user root without a password. */
    public function database(): string
    {
        $name = 'site' . ++$this->databases;
        $this->pdo("mysql:unix_socket=$this->directory/sql")->exec("CREATE DATABASE $name CHARACTER SET utf8mb4");

        return "mysql:unix_socket=$this->directory/sql;dbname=$name;charset=utf8mb4";
    }

    /** A new connection. */
    public static function pdo(string $dsn): \PDO
    {
        return new \PDO($dsn, 'root', '', [\PDO::ATTR_ERRMODE => \PDO::ERRMODE_EXCEPTION]);
    }

    private function answers(): bool
    {
        try {
            self::pdo("mysql:unix_socket=$this->directory/sql");

            return true;
        } catch (\PDOException) {
            return false;
        }
    }

    /** @param list<string> $command */
    private function say(array $command): void
    {
        $log = ['file', "$this->directory/out.log", 'a'];
        $process = proc_open($command, [['file', '/dev/null', 'r'], $log, $log], $pipes, null, self::environment());
        if ($process === false || proc_close($process) !== 0) {
            throw new \RuntimeException("$command[0] failed: " . file_get_contents("$this->directory/out.log"));
        }
    }

    /** @return array{PATH: string} Debian has the server where users do not look */
    private static function environment(): array
    {
        return ['PATH' => getenv('PATH') . ':/usr/sbin:/usr/local/sbin'];
    }
}
