<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

use Mj\Tests\Chaos\SmallDisk;
use Mj\Tests\Process\Cli;
use Mj\Tests\Process\Extension;
use Mj\Tests\Process\StateDirectory;

/** PHP, state directory, database and log, as `mj_doctor()` tells of them. */
final class DoctorMachineTest extends DiagnosedTestCase
{
    /** A hub that could be there; nobody is asked for it. */
    private const CONFIG = [
        'guild_id' => '123456789012345678',
        'channel_id' => '223456789012345678',
        'user_token' => 'MTIzNDU2Nzg5MDEyMzQ1Njc4.GAAAAA.never-asked-never-asked-never-asked-no',
    ];
    /** What only a living owner makes well. */
    private const OWNED = ['owner.alive' => 'warning'];

    private StateDirectory $state;

    protected function setUp(): void
    {
        $this->state = new StateDirectory();
    }

    public function testNothingOfThisMachineIsWrong(): void
    {
        $found = $this->diagnosis();
        self::assertSame(self::OWNED, $found->troubles(), $found->told());
        self::assertStringContainsString('www-data (33)', $found->words('state_dir.owner'));
        self::assertStringContainsString(PHP_VERSION, $found->words('php.version'));
    }

    public function testAnInterfaceThatKeepsNoProcess(): void
    {
        $cgi = trim((string) shell_exec('command -v php-cgi'));
        if ($cgi === '') {
            self::markTestSkipped('php-cgi is not installed');
        }
        $found = $this->throughScript([$cgi, '-q']);
        self::assertBroken($found, 'php.sapi', 'warning', ['cgi-fcgi', 'use php-fpm'], ['php-fpm']);
    }

    public function testCallsWhilePreloading(): void
    {
        if (!str_contains((string) shell_exec(escapeshellarg(PHP_BINARY) . ' -n -d zend_extension=opcache -v 2>&1'), 'with Zend OPcache')) {
            self::markTestSkipped('needs opcache');
        }
        $report = $this->state->path . '.json';
        $script = $this->state->path . '.php';
        file_put_contents($script, Diagnosis::script($report));
        $user = posix_getpwuid(posix_geteuid())['name'];
        exec(implode(' ', array_map('escapeshellarg', [
            PHP_BINARY, '-n', '-d', 'zend_extension=opcache', '-d', 'opcache.enable_cli=1', '-d', "opcache.preload=$script", '-d', "opcache.preload_user=$user",
            ...self::definitions($this->ini(self::CONFIG)), '-r', '1;',
        ])) . ' 2>&1', $said);
        $found = new Diagnosis(json_decode((string) @file_get_contents($report), true) ?? throw new \RuntimeException(implode("\n", $said)));
        array_map('unlink', [$report, $script]);
        self::assertFound($found, 'php.preload', 'failed', ['runs at this moment', 'preload script'], ['预加载脚本']);
    }

    /** Most who change php.ini forget to restart php-fpm. */
    public function testAPhpIniThatWasChangedSinceItWasRead(): void
    {
        $ini = $this->state->path . '.ini';
        $file = $this->state->path . '.json';
        file_put_contents($ini, '');
        // The clock of files is coarse.
        $touch = 'for ($until = microtime(true) + 0.1; microtime(true) < $until;) { touch(' . var_export($ini, true) . '); } ';
        $ask = substr(Diagnosis::script($file), strlen('<?php '));
        try {
            $report = static function (string $before) use ($ini, $ask, $file): Diagnosis {
                $command = [PHP_BINARY, '-c', $ini, '-d', 'extension=' . Extension::path(), '-r', $before . $ask];
                exec('PHP_INI_SCAN_DIR= ' . implode(' ', array_map('escapeshellarg', $command)) . ' 2>&1', $said);

                return new Diagnosis(json_decode((string) @file_get_contents($file), true) ?? throw new \RuntimeException(implode("\n", $said)));
            };
            self::assertSame('ok', $report('')->status('php.version'));
            $found = $report($touch);
        } finally {
            array_map('unlink', array_filter([$ini, $file], 'is_file'));
        }
        self::assertSame('warning', $found->status('php.version'), $found->told());
        self::assertStringContainsString("$ini was changed 0 s ago, after this PHP had read it -> restart php-fpm", $found->words('php.version'));
        self::assertStringContainsString('请重启 php-fpm（宝塔', $found->words('php.version', 'zh'));
    }

    public function testAFunctionThatIsDisabled(): void
    {
        $found = $this->diagnosis(['disable_functions' => 'exec,mj_imagine, mj_wait']);
        self::assertBroken($found, 'php.functions', 'failed', ['disabled: mj_imagine, mj_wait', 'disable_functions'], ['mj_imagine、mj_wait', '宝塔']);
    }

    public function testAStateDirectoryThatScriptsMayRead(): void
    {
        $found = $this->diagnosis(['open_basedir' => '/usr:' . dirname($this->state->path)]);
        self::assertBroken($found, 'php.open_basedir', 'warning', ['lies inside ' . dirname($this->state->path)], ['令牌']);
    }

    public function testALinkThatAnybodyCanReplace(): void
    {
        $link = $this->state->path . '.link';
        symlink($this->state->path, $link);
        try {
            $found = $this->diagnosis(['mj.state_dir' => $link]);
            self::assertFound($found, 'state_dir.path', 'failed', ["$link is a symbolic link", 'mj.state_dir'], ['符号链接']);
        } finally {
            unlink($link);
        }
    }

    public function testAStateDirectoryThatIsNotThere(): void
    {
        $missing = $this->state->path . '/a/b';
        $found = $this->diagnosis(['mj.state_dir' => $missing]);
        if (posix_geteuid() === 0) {
            self::assertFound($found, 'state_dir.exists', 'failed', ['does not exist', "install -d -m 700 -o www-data $missing"], ['不存在', '宝塔']);
        } else {
            self::assertFound($found, 'state_dir.exists', 'warning', ['not yet', "install -d -m 700 -o www-data $missing"], ['尚不存在']);
        }
        self::assertDirectoryDoesNotExist($missing, 'the doctor only looks');
    }

    public function testAStateDirectoryOfAnotherUser(): void
    {
        $this->needsRoot();
        chown($this->state->path, 'nobody');
        $found = $this->diagnosis(['extension' => 'posix'], 'posix_setuid(' . posix_getpwnam('www-data')['uid'] . ');');
        self::assertFound($found, 'state_dir.owner', 'failed', ['it belongs to nobody (', 'runs as www-data (33)', 'chown -R'], ['属于 nobody', '以 www-data']);
    }

    public function testAStateDirectoryThatOthersMayWrite(): void
    {
        touch($this->state->path . '/something');
        chown($this->state->path . '/something', fileowner($this->state->path));
        chmod($this->state->path, 0777);
        self::assertFound($this->diagnosis(), 'state_dir.mode', 'failed', ['777: others may write', 'chmod 700'], ['其他用户可写', 'chmod 700']);
    }

    public function testAStateDirectoryThatCanNotBeWritten(): void
    {
        $this->needsRoot();
        chmod($this->state->path, 0500);
        $found = $this->diagnosis(['extension' => 'posix'], 'posix_setuid(' . posix_getpwnam('www-data')['uid'] . ');');
        self::assertFound($found, 'state_dir.writable', 'failed', ['cannot be written: Permission denied', 'chmod 700'], ['无法写入', '只读']);
    }

    public function testADiskThatIsFull(): void
    {
        if (!SmallDisk::isPossible()) {
            self::markTestSkipped('nothing can be mounted here');
        }
        $disk = new SmallDisk(4);
        $found = $this->diagnosis(['mj.state_dir' => $disk->path]);
        self::assertFound($found, 'state_dir.space', 'failed', ['MB free', 'make room'], ['剩余', '请清理']);
    }

    public function testAFileOfAnotherUser(): void
    {
        $this->needsRoot();
        touch($this->state->path . '/store.sqlite-journal');
        self::assertFound($this->diagnosis(), 'state_dir.files', 'failed', ['store.sqlite-journal belongs to root (0), the directory to www-data (33)', 'chown -R 33'], ['store.sqlite-journal 属于 root']);
    }

    public function testADatabaseOfANewerVersion(): void
    {
        $this->database()->exec('PRAGMA user_version = 99');
        self::assertFound($this->diagnosis(), 'database.version', 'failed', ['it has version 99', 'newest mj.so'], ['99', '最新的 mj.so']);
    }

    public function testADatabaseOfAnotherProgram(): void
    {
        $this->database()->exec('PRAGMA application_id = 7; PRAGMA user_version = 0');
        self::assertFound($this->diagnosis(), 'database.open', 'failed', ['belongs to another program', 'move store.sqlite'], ['无法读取', '请移走']);
    }

    public function testADatabaseThatIsDamaged(): void
    {
        $database = $this->database();
        $database->exec('PRAGMA wal_checkpoint(TRUNCATE)');
        $page = (int) $database->query("SELECT rootpage FROM sqlite_schema WHERE name = 'task_status'")->fetchColumn();
        unset($database);
        $file = fopen($this->state->path . '/store.sqlite', 'r+');
        fseek($file, ($page - 1) * 4096);
        fwrite($file, str_repeat("\xAA", 4096));
        fclose($file);
        self::assertBroken($this->diagnosis(), 'database.integrity', 'failed', ['it is damaged', 'save store.sqlite'], ['已损坏', '请备份']);
    }

    public function testADatabaseThatWasMovedAside(): void
    {
        $this->database();
        file_put_contents($this->state->path . '/store.sqlite', str_repeat('no database ', 1000));
        array_map('unlink', glob($this->state->path . '/store.sqlite-*'));
        self::assertBroken($this->diagnosis(), 'database.integrity', 'warning', ['a damaged database was moved to', 'delete that file'], ['已移至', '删除']);
    }

    public function testAProcessThatStaysInsideAWrite(): void
    {
        $this->database();
        $lock = '$lock = fopen("' . $this->state->path . '/write.lock", "r+"); flock($lock, LOCK_EX); echo "taken\n"; sleep(60);';
        $writer = new Cli($lock);
        self::assertSame('taken', $writer->line());
        self::assertFound($this->diagnosis(), 'database.writer', 'failed', ["process {$writer->pid()} (", "stays inside a write and is asleep", "kill -KILL {$writer->pid()}"], ["进程 {$writer->pid()}", '不会丢失数据']);
        posix_kill($writer->pid(), SIGSTOP);
        self::assertFound($this->diagnosis(), 'database.writer', 'failed', ['is stopped', "kill -CONT {$writer->pid()}"], ['已暂停', "kill -CONT {$writer->pid()}"]);
    }

    public function testALogThatCanNotBeWritten(): void
    {
        $found = $this->diagnosis(['mj.log' => '/etc/passwd/mj.log']);
        self::assertBroken($found, 'log.writable', 'failed', ['/etc/passwd/mj.log cannot be written', 'chown www-data'], ['无法写入', 'chown www']);
        $found = $this->diagnosis(['mj.log' => 'syslog:/nonexistent/socket']);
        self::assertBroken($found, 'log.writable', 'failed', ['nobody listens for syslog at /nonexistent/socket'], ['没有 syslog 服务']);
        $found = $this->diagnosis(['mj.log' => '/nonexistent/mj.log']);
        self::assertBroken($found, 'log.writable', 'failed', ['there is no directory /nonexistent'], ['没有目录 /nonexistent']);
        $fifo = $this->state->path . '.fifo';
        posix_mkfifo($fifo, 0o600);
        try {
            $found = $this->diagnosis(['mj.log' => $fifo]);
        } finally {
            unlink($fifo);
        }
        self::assertBroken($found, 'log.writable', 'failed', ['it is a FIFO', 'nobody reads'], ['管道（FIFO）']);
        $socket = $this->state->path . '.sock';
        foreach (['udg', 'unix'] as $transport) {
            $listening = stream_socket_server("$transport://$socket", $code, $message, $transport === 'udg' ? STREAM_SERVER_BIND : STREAM_SERVER_BIND | STREAM_SERVER_LISTEN);
            self::assertSame('ok', $this->diagnosis(['mj.log' => "syslog:$socket"])->status('log.writable'), $transport);
            fclose($listening);
            unlink($socket);
        }
    }

    public function testItOnlyLooks(): void
    {
        $code = 'mj_doctor(["network" => false]); mj_doctor(["timeout" => 1, "only" => "proxy"]);'
            . 'usleep(300000); echo count(glob("/proc/self/task/*")), " ", json_encode(mj_status()["owner"]);';
        self::assertSame('1 null', Cli::run($code, $this->ini(self::CONFIG)));
    }

    /** @param array<string, mixed> $ini more */
    private function diagnosis(array $ini = [], string $before = ''): Diagnosis
    {
        return Diagnosis::of($ini + $this->ini(self::CONFIG), [], $before);
    }

    /**
     * @param  array<string, mixed> $config
     * @return array<string, mixed>
     */
    private function ini(array $config): array
    {
        $names = array_map(static fn (string $key) => "mj.$key", array_keys($config));

        return array_combine($names, $config) + ['mj.state_dir' => $this->state->path];
    }

    /** The database, made by a first call. */
    private function database(): \PDO
    {
        Cli::run('mj_status();', $this->ini(self::CONFIG));

        return new \PDO('sqlite:' . $this->state->path . '/store.sqlite');
    }

    /**
     * @param array<string, mixed> $ini
     * @return list<string>
     */
    private static function definitions(array $ini): array
    {
        $definitions = ['-d', 'extension=' . Extension::path()];
        foreach ($ini as $name => $value) {
            array_push($definitions, '-d', "$name=\"$value\"");
        }

        return $definitions;
    }

    /** @param list<string> $php */
    private function throughScript(array $php): Diagnosis
    {
        $report = $this->state->path . '.json';
        $script = $this->state->path . '.php';
        file_put_contents($script, Diagnosis::script($report));
        exec(implode(' ', array_map('escapeshellarg', [...$php, '-n', ...self::definitions($this->ini(self::CONFIG)), $script])) . ' 2>&1', $said);
        $found = json_decode((string) @file_get_contents($report), true) ?? throw new \RuntimeException(implode("\n", $said));
        array_map('unlink', [$report, $script]);

        return new Diagnosis($found);
    }

    /**
     * As `assertFound()`, where nobody owns the hub.
     *
     * @param list<string> $en
     * @param list<string> $zh
     */
    private static function assertBroken(Diagnosis $found, string $check, string $status, array $en, array $zh): void
    {
        self::assertSame(self::OWNED, array_intersect_key($found->troubles(), self::OWNED), $found->told());
        $reports = $found->reports;
        foreach ($reports as &$report) {
            $report['checks'] = array_values(array_filter($report['checks'], static fn (array $one) => !isset(self::OWNED[$one['name']])));
        }
        self::assertFound(new Diagnosis($reports), $check, $status, $en, $zh);
    }

    private function needsRoot(): void
    {
        if (posix_geteuid() !== 0) {
            self::markTestSkipped('only root can give files to others');
        }
    }
}
