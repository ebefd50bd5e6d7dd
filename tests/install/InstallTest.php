<?php

declare(strict_types=1);

namespace Mj\Tests\Install;

use Mj\Tests\Process\Simulator;
use PHPUnit\Framework\TestCase;

/** The package and its install script on machines without Rust, up to a picture from the simulator. */
final class InstallTest extends TestCase
{
    /** @return array<string, array{string, string}> those that the package has a binary for */
    public function debians(): array
    {
        return array_filter(
            ['Debian 12, PHP 8.2' => ['bookworm', '8.2'], 'Debian 13, PHP 8.4' => ['trixie', '8.4'], 'Debian experimental, PHP 8.5' => ['experimental', '8.5']],
            static fn (array $debian) => Package::row($debian[1]) !== null,
        );
    }

    /** @dataProvider debians */
    public function testDebianHasAPictureInBothSapisAndIsLeftAsItWas(string $name, string $series): void
    {
        $root = new Root($name);
        self::assertSame(1, $root->run('command -v cargo || command -v clang')[0] & 1, 'a machine without compilers');
        $before = $root->files('/etc/php', '/usr/lib/php');

        $said = $root->must('/opt/mj/install');
        self::assertStringContainsString('installed: mj', $said);
        self::assertStringContainsString("/usr/bin/php$series", $said);
        self::assertStringContainsString('mj => enabled', $root->must('php --ri mj'));
        self::assertMatchesRegularExpression('/^mj$/m', $root->must("php-fpm$series -m"));
        self::assertSame('www-data 700', trim($root->must('stat -c "%U %a" /var/lib/mj')));

        // What the operator adds.
        $simulator = new Simulator(['--speed', '50']);
        $root->append("/etc/php/$series/mods-available/mj.ini", self::ini($simulator));
        self::assertStringStartsWith("\x89PNG", $root->read($root->picture('php')));
        $fpm = $root->fpm("php-fpm$series", "/run/php/php$series-fpm.sock");
        $id = self::call($fpm->request(json_encode(['function' => 'mj_imagine', 'arguments' => ['a cat']])));
        $task = self::call($fpm->request(json_encode(['function' => 'mj_wait', 'arguments' => [$id, 25.0]])));
        self::assertSame('SUCCESS', $task['status']);
        $root->stopFpm();

        $installed = $root->files('/etc/php', '/usr/lib/php');
        self::assertStringContainsString('nothing was changed', $root->must('/opt/mj/install --yes'));
        self::assertSame($installed, $root->files('/etc/php', '/usr/lib/php'));

        $said = $root->must('/opt/mj/install --uninstall --yes');
        self::assertStringContainsString("mods-available/mj.ini.removed", $said);
        self::assertSame(1, $root->run('php --ri mj')[0]);
        $after = $root->files('/etc/php', '/usr/lib/php');
        self::assertStringContainsString('mj.user_token', $root->read("/etc/php/$series/mods-available/mj.ini.removed"));
        self::assertStringNotContainsString('extension = mj.so', $root->read("/etc/php/$series/mods-available/mj.ini.removed"));
        unset($after["/etc/php/$series/mods-available/mj.ini.removed"]);
        self::assertSame($before, $after);
        self::assertTrue($root->has('/var/lib/mj'), 'the tasks are not thrown away');
    }

    public function testPanelGetsBothInisAndIsLeftAsItWas(): void
    {
        $root = new Root('bookworm');
        [$number, $php] = self::panel($root);
        $place = "/www/server/php/$number";
        $before = $root->files($place, '/etc');

        $said = $root->must("/opt/mj/install --php $place");
        self::assertStringContainsString('installed: mj', $said);
        self::assertStringContainsString("/etc/init.d/php-fpm-$number restart", $said);
        foreach (['php.ini', 'php-cli.ini'] as $ini) {
            $text = $root->read("$place/etc/$ini");
            self::assertSame(1, preg_match_all('/^extension = mj\.so$/m', $text), $ini);
            self::assertStringContainsString('mj.state_dir = "/www/server/mj"', $text);
            self::assertStringStartsWith("memory_limit = 99M\n", $text, 'a last line without an end stays whole');
            self::assertSame('memory_limit = 99M', $root->read("$place/etc/$ini.before-mj"));
        }
        self::assertSame('www 700', trim($root->must('stat -c "%U %a" /www/server/mj')));

        $simulator = new Simulator(['--speed', '50']);
        $settings = "\n; mine\n" . self::ini($simulator);
        $root->append("$place/etc/php.ini", $settings);
        $root->append("$place/etc/php-cli.ini", $settings);
        self::assertStringStartsWith("\x89PNG", $root->read($root->picture($php, 'www')));
        $fpm = $root->fpm("$place/sbin/php-fpm", '/tmp/php-cgi.sock');
        $id = self::call($fpm->request(json_encode(['function' => 'mj_imagine', 'arguments' => ['a cat']])));
        self::assertSame('SUCCESS', self::call($fpm->request(json_encode(['function' => 'mj_wait', 'arguments' => [$id, 25.0]])))['status']);
        $root->stopFpm();

        $installed = $root->files($place, '/etc');
        self::assertStringContainsString('nothing was changed', $root->must("/opt/mj/install --yes --php $place"));
        self::assertSame($installed, $root->files($place, '/etc'));

        self::assertFalse($root->has('/tmp/asked'), 'php-fpm is restarted only when that was asked for');
        self::assertStringContainsString('restarted: ', $root->must("/opt/mj/install --restart --php $php"));
        self::assertSame("restart\n", $root->read('/tmp/asked'));

        $root->must("/opt/mj/install --uninstall --yes --php $php");
        self::assertSame(1, $root->run("$php --ri mj")[0]);
        foreach (['php.ini', 'php-cli.ini'] as $ini) {
            // A section of their own keeps them from falling under one that stands above.
            self::assertSame("memory_limit = 99M\n[mj]\n$settings", $root->read("$place/etc/$ini"));
            $root->write("$place/etc/$ini", 'memory_limit = 99M');
            unlink("$root->path$place/etc/$ini.before-mj");
        }
        self::assertSame($before, $root->files($place, '/etc'));
    }

    /** What `make package-every` has beside the others. */
    public function testThreadSafePhpHasAPicture(): void
    {
        $place = realpath(__DIR__ . '/../../build/zts/php');
        if ($place === false || Package::row('8.2', 'TS') === null) {
            self::markTestSkipped('the package has no thread-safe binary');
        }
        $root = new Root('bookworm');
        // It runs where it was built for only.
        $root->put($place, $place);

        $said = $root->must("/opt/mj/install --php $place --user www-data --state-dir /srv/mj");
        self::assertStringContainsString('mj-8.2-zts-', $said);
        self::assertStringContainsString('installed: mj', $said);
        $root->append("$place/lib/php.ini", "\n" . self::ini(new Simulator(['--speed', '50'])));
        self::assertStringStartsWith("\x89PNG", $root->read($root->picture("$place/bin/php")));
    }

    /** The layout of PHP's own Docker images, where nobody answers questions. */
    public function testDirectoryOfIniFilesGetsOne(): void
    {
        $root = new Root('bookworm');
        self::image($root);
        $before = $root->files('/usr/local/etc');

        $root->must('/opt/mj/install --php /usr/local');
        self::assertStringContainsString('extension = mj.so', $root->read('/usr/local/etc/php/conf.d/mj.ini'));
        self::assertStringContainsString('mj => enabled', $root->must('/usr/local/bin/php --ri mj'));
        self::assertSame('www-data 700', trim($root->must('stat -c "%U %a" /var/lib/mj')));

        $root->must('/opt/mj/install --uninstall --php /usr/local');
        self::assertSame($before, $root->files('/usr/local/etc'));
    }

    /** The steps of docs/docker.md that lie between two images. */
    public function testStepsOfTheDockerfileWork(): void
    {
        $root = new Root('bookworm');
        self::image($root);
        $archive = basename(Package::directory()) . '.tar.gz';
        preg_match('/```dockerfile\n(.*?)```/s', file_get_contents(__DIR__ . '/../../docs/docker.md'), $found);
        $found = str_replace('linux-x86_64', 'linux-' . Package::architecture(), $found);
        self::assertSame(1, preg_match('/^ADD (\S+) (\S+)$/m', $found[1], $add));
        self::assertSame($archive, $add[1], 'the archive that `make package` makes');
        // ADD unpacks an archive.
        $root->put(dirname(Package::directory()) . "/$archive", "/$archive");
        $root->must("tar -xzf /$archive -C $add[2] && rm /$archive");
        self::assertGreaterThan(0, preg_match_all('/^RUN (.*)$/m', str_replace("\\\n", '', $found[1]), $steps));
        foreach ($steps[1] as $step) {
            $root->must($step);
        }
        self::assertStringContainsString('mj => enabled', $root->must('/usr/local/bin/php --ri mj'));
        self::assertSame([], glob("$root->path/tmp/mj-*"), 'nothing is left in the image');
    }

    public function testPathsMayHoldSpaces(): void
    {
        $root = new Root('bookworm');
        self::image($root);
        $root->must("mkdir -p '/opt/my php/bin' && cp /usr/local/bin/php '/opt/my php/bin/php'");
        $said = $root->must("/opt/mj/install --php '/opt/my php' --user www-data --state-dir '/srv/my state'");
        self::assertStringContainsString('installed: mj', $said);
        self::assertStringContainsString('mj.state_dir = "/srv/my state"', $root->read('/usr/local/etc/php/conf.d/mj.ini'));
        self::assertSame('www-data 700', trim($root->must('stat -c "%U %a" "/srv/my state"')));
        self::assertStringContainsString('removed', $root->must("/opt/mj/install --uninstall --php '/opt/my php'"));
    }

    public function testWhoIsNotRootIsToldSoAndChangesNothing(): void
    {
        $root = new Root('bookworm');
        $asNobody = 'setpriv --reuid=www-data --regid=www-data --clear-groups /opt/mj/install --yes';
        [$code, $said] = $root->run($asNobody);
        self::assertSame(1, $code);
        self::assertStringContainsString('cannot be written: run this as root', $said);
        $root->must('/opt/mj/install --yes');
        $root->append('/etc/php/8.2/mods-available/mj.ini', "mj.lang = zh\n");
        $before = $root->files('/etc/php', '/usr/lib/php');

        [$code, $said] = $root->run("$asNobody --uninstall");

        self::assertSame(1, $code, $said);
        self::assertStringContainsString('cannot be changed: run this as root', $said);
        self::assertStringNotContainsString('removed', $said);
        self::assertSame($before, $root->files('/etc/php', '/usr/lib/php'));
    }

    public function testADirectoryThatIsSetIsNotMadeAnew(): void
    {
        $root = new Root('bookworm');
        $root->must('/opt/mj/install --yes --state-dir /srv/mj');
        self::assertStringContainsString('nothing was changed', $root->must('/opt/mj/install --yes'));
        self::assertFalse($root->has('/var/lib/mj'));
    }

    /** @group two-binaries */
    public function testWrongBinaryIsTakenBack(): void
    {
        $root = new Root('bookworm');
        $before = $root->files('/etc/php', '/usr/lib/php');
        self::mislabel($root);

        [$code, $said] = $root->run('/opt/mj/install --yes');

        self::assertSame(1, $code);
        self::assertStringContainsString('FAILED, and taken back', $said);
        self::assertStringContainsString('compiled with module API=20240924', $said);
        self::assertSame($before, $root->files('/etc/php', '/usr/lib/php'));
        self::assertFalse($root->has('/var/lib/mj'));
    }

    public function testDamagedMissingAndNewerBinariesAreRefused(): void
    {
        $root = new Root('bookworm');
        $before = $root->files('/etc/php', '/usr/lib/php');
        $manifest = $root->read('/opt/mj/MANIFEST');
        $row = Package::row('8.2');

        $root->write('/opt/mj/MANIFEST', str_replace($row['libc'], 'glibc-2.99', $manifest));
        self::assertRefused($root, 'needs glibc-2.99', '本机系统太旧');
        $root->write('/opt/mj/MANIFEST', str_replace($row['build'], $row['build'] . ',debug', $manifest));
        self::assertRefused($root, "has no binary for {$row['build']}", '没有适用于');
        $root->write('/opt/mj/MANIFEST', $manifest);
        $root->append("/opt/mj/{$row['file']}", 'x');
        self::assertRefused($root, 'is damaged', '已损坏');
        unlink("$root->path/opt/mj/MANIFEST");
        self::assertRefused($root, 'there is no package', '没有安装包');
        self::assertSame($before, $root->files('/etc/php', '/usr/lib/php'));
    }

    public function testSapiThatDoesNotLoadItTakesAllBack(): void
    {
        $root = new Root('bookworm');
        // php-fpm looks for extensions elsewhere than the command line.
        $root->append('/etc/php/8.2/fpm/php.ini', "\nextension_dir = /srv\n");
        $before = $root->files('/etc/php', '/usr/lib/php');

        [$code, $said] = $root->run('/opt/mj/install --yes');

        self::assertSame(1, $code);
        self::assertStringContainsString('php-fpm8.2 does not load mj', $said);
        self::assertSame($before, $root->files('/etc/php', '/usr/lib/php'));
    }

    /** @group two-binaries */
    public function testUpgradeThatFailsKeepsWhatWasThere(): void
    {
        $root = new Root('bookworm');
        $root->must('/opt/mj/install --yes');
        $before = $root->files('/etc/php', '/usr/lib/php');
        self::mislabel($root);

        self::assertSame(1, $root->run('/opt/mj/install --yes')[0]);
        self::assertSame($before, $root->files('/etc/php', '/usr/lib/php'));
        self::assertStringContainsString('mj => enabled', $root->must('php --ri mj'));
    }

    public function testPhpsThatCanNotHaveItAreToldSo(): void
    {
        $root = new Root('bookworm');
        $root->write('/usr/local/bin/php', "#!/bin/sh\n# /lib/ld-musl-x86_64.so.1\nexec /usr/bin/php8.2 \"$@\"\n", 0755);
        [$code, $said] = $root->run('/opt/mj/install --php /usr/local');
        self::assertSame(1, $code);
        self::assertStringContainsString('built for musl (Alpine), which mj does not support', $said);

        $root->write('/usr/local/bin/php', "#!/bin/sh\nprintf 'PHP Version => 7.4.33\\nPHP Extension Build => API20190902,NTS\\nextension_dir => /x => /x\\n'\n", 0755);
        [$code, $said] = $root->run('/opt/mj/install --php /usr/local', 'zh_CN.UTF-8');
        self::assertSame(1, $code);
        self::assertStringContainsString('mj 需要 PHP 8.0 或更新版本', $said);

        // One that is too old keeps nobody from installing into the other.
        $said = $root->must('/opt/mj/install');
        self::assertStringContainsString('left out: mj needs PHP 8.0 or newer', $said);
        self::assertStringContainsString('mj => enabled', $root->must('php8.2 --ri mj'));
    }

    public function testDryRunAndListChangeNothing(): void
    {
        $root = new Root('bookworm');
        $before = $root->files('/etc', '/usr/lib/php', '/var/lib');
        $said = $root->must('/opt/mj/install --dry-run --state-dir /srv/mj');
        self::assertStringContainsString('would add to /etc/php/8.2/mods-available/mj.ini', $said);
        self::assertStringContainsString('mj.state_dir = "/srv/mj"', $said);
        self::assertStringContainsString('PHP 8.2', $root->must('/opt/mj/install --list'));
        self::assertStringContainsString('8.2', $root->must('/opt/mj/install --uninstall --dry-run'));
        self::assertSame($before, $root->files('/etc', '/usr/lib/php', '/var/lib'));
    }

    public function testWhatIsAskedForWronglyIsRefused(): void
    {
        $root = new Root('bookworm');
        foreach (['--state-dir relative', '--user nobody-of-that-name', '--what', '--php', "--state-dir '/a\"b'"] as $options) {
            self::assertSame(1, $root->run("/opt/mj/install $options")[0], $options);
        }
        self::assertSame('mj-of-root 700', trim($root->must('useradd mj-of-root && /opt/mj/install --user mj-of-root --state-dir /srv/state >/dev/null && stat -c "%U %a" /srv/state')));
    }

    /** With stand-ins for clang and for cargo, which hands out the packaged binary. */
    public function testBuildAsksCargoForThatPhp(): void
    {
        $root = new Root('bookworm');
        $root->put(__DIR__ . '/../../packaging/install', '/src/packaging/install');
        $root->write('/src/src/extension/Cargo.toml', '');
        self::assertStringContainsString('Rust is missing', $root->run('/src/packaging/install --build')[1]);

        $binary = Package::row('8.2')['file'];
        // An unpacked PHP has one.
        $root->must('rm -f /usr/bin/php-config8.2');
        $root->write('/root/.cargo/bin/cargo', "#!/bin/sh\necho \"\$PWD|\$*|\$PHP|\$PHP_CONFIG\" > /tmp/asked\nmkdir -p target/release && cp /opt/mj/$binary target/release/libmj.so\n", 0755);
        self::assertStringContainsString('clang is missing', $root->run('/src/packaging/install --build')[1]);
        $root->write('/usr/local/bin/clang', '', 0755);
        self::assertStringContainsString('has no php-config', $root->run('/src/packaging/install --build')[1]);
        $root->write('/usr/bin/php-config8.2', '', 0755);

        self::assertStringContainsString('installed: mj', $root->must('/src/packaging/install --build'));
        self::assertSame('/src|build --locked --release -p mj|/usr/bin/php8.2|/usr/bin/php-config8.2', trim($root->read('/tmp/asked')));
        self::assertStringContainsString('mj => enabled', $root->must('php --ri mj'));
    }

    public function testPackageIsWhatItSays(): void
    {
        $directory = Package::directory();
        foreach (Package::manifest(file_get_contents("$directory/MANIFEST")) as $row) {
            self::assertSame($row['sha256'], hash_file('sha256', "$directory/{$row['file']}"));
            self::assertSame('glibc-2.17', $row['libc']);
            self::assertSame([], preg_grep('/GLIBC_2\.(1[89]|[2-9]\d)/', explode("\n", (string) shell_exec('objdump -T ' . escapeshellarg("$directory/{$row['file']}")))));
        }
        foreach (Package::zips() as $zip) {
            self::assertMatchesRegularExpression('/^php_mj-\d+\.\d+\.\d+_php8\.\d-(x86_64|arm64)-linux-glibc(-debug)?-(nts|zts)\.zip$/', basename($zip));
            self::assertStringContainsString('mj.so', (string) shell_exec('python3 -m zipfile -l ' . escapeshellarg($zip)));
        }
    }

    /** Lets the manifest say that the binary for 8.4 is the one for 8.2. */
    private static function mislabel(Root $root): void
    {
        $wrong = ['php' => '8.2', 'build' => Package::row('8.2')['build']];
        $root->write('/opt/mj/MANIFEST', implode("\t", array_replace(Package::row('8.4'), $wrong)) . "\n");
    }

    private static function assertRefused(Root $root, string $english, string $chinese): void
    {
        [$code, $said] = $root->run('/opt/mj/install --yes');
        self::assertSame(1, $code);
        self::assertStringContainsString($english, $said);
        self::assertStringContainsString($chinese, $root->run('/opt/mj/install --yes', 'zh_CN.UTF-8')[1]);
    }

    /** The settings of the simulator's hub, as an operator writes them. */
    private static function ini(Simulator $simulator): string
    {
        $lines = '';
        foreach ($simulator->ini(['gateway' => 'user']) as $name => $value) {
            $lines .= "$name = \"$value\"\n";
        }

        return $lines;
    }

    private static function call(string $answer): mixed
    {
        $decoded = json_decode($answer, true);
        self::assertArrayHasKey('result', $decoded ?? [], $answer);

        return $decoded['result'];
    }

    /**
     * Lays out PHP as a BaoTa panel does: two ini files in one directory, none beside.
     *
     * MJ_PANEL_PHP names a real PHP with the prefix /www/server/php/80, in a root of its own; else Debian's stands in, with
     * its configuration elsewhere.
     *
     * @return array{string, string} the panel's number of that PHP; its command line
     */
    private static function panel(Root $root): array
    {
        $real = getenv('MJ_PANEL_PHP') ?: null;
        $number = $real === null ? '82' : '80';
        $place = "/www/server/php/$number";
        if ($real !== null) {
            $root->put("$real/www", '/www');
            $directory = trim($root->must("$place/bin/php -r 'echo ini_get(\"extension_dir\");'"));
        } else {
            $directory = "$place/lib/php/extensions/no-debug-non-zts-20220829";
            foreach (['bin/php' => '/usr/bin/php8.2', 'sbin/php-fpm' => '/usr/sbin/php-fpm8.2'] as $name => $binary) {
                $options = str_contains($name, 'fpm') ? " --fpm-config $place/etc/php-fpm.conf" : '';
                $root->write("$place/$name", "#!/bin/sh\nexport PHPRC=$place/etc PHP_INI_SCAN_DIR=\nexec $binary -d extension_dir=$directory$options \"$@\"\n", 0755);
            }
        }
        $root->must("mkdir -p $place/etc && useradd --user-group www");
        foreach (['php.ini', 'php-cli.ini'] as $ini) {
            $root->write("$place/etc/$ini", 'memory_limit = 99M');
        }
        $root->write("$place/etc/php-fpm.conf", "[global]\nerror_log = /fpm.log\n[www]\nlisten = /tmp/php-cgi.sock\nuser = www\ngroup = www\npm = static\npm.max_children = 2\n");
        $root->write("/etc/init.d/php-fpm-$number", "#!/bin/sh\necho \"\$1\" >> /tmp/asked\n", 0755);

        return [$number, "$place/bin/php"];
    }

    /** Lays out PHP as its own Docker images do. */
    private static function image(Root $root): void
    {
        foreach (['bin/php' => '/usr/bin/php8.2', 'sbin/php-fpm' => '/usr/sbin/php-fpm8.2'] as $name => $binary) {
            $options = str_contains($name, 'fpm') ? ' --fpm-config /usr/local/etc/php-fpm.conf' : '';
            $root->write("/usr/local/$name", "#!/bin/sh\nexport PHPRC=/usr/local/etc/php PHP_INI_SCAN_DIR=/usr/local/etc/php/conf.d\nexec $binary -d extension_dir=/usr/local/lib/php$options \"$@\"\n", 0755);
        }
        // In the image there is no other PHP.
        $root->must('mkdir -p /usr/local/lib/php /usr/local/etc/php/conf.d /usr/local/etc/php-fpm.d && rm -f /usr/bin/php');
        $root->write('/usr/local/etc/php-fpm.conf', "[global]\nerror_log = /proc/self/fd/2\ninclude=/usr/local/etc/php-fpm.d/*.conf\n");
        $root->write('/usr/local/etc/php-fpm.d/www.conf', "[www]\nuser = www-data\ngroup = www-data\nlisten = 9000\npm = static\npm.max_children = 1\n");
    }
}
