<?php

declare(strict_types=1);

namespace Mj\Tests\Install;

use Mj\Tests\Process\FastCgi;
use Mj\Tests\Process\Until;

/** A root directory in which commands run as if it were a machine of its own. What they change in it is thrown away. */
final class Root
{
    public string $path;

    /** What is changed lies here, beside the root that all tests share. */
    private string $changes;

    /** @var resource|null php-fpm */
    private $fpm = null;

    /** @param string $name of a root that `tests/install/roots` made */
    public function __construct(string $name)
    {
        $roots = getenv('MJ_ROOTS');
        if ($roots === false || !is_dir("$roots/$name") || posix_geteuid() !== 0) {
            throw new \RuntimeException('MJ_ROOTS must name what tests/install/roots made, as root; `make test-install` does it');
        }
        // Short: the path of php-fpm's socket lies below it.
        $this->changes = sys_get_temp_dir() . '/mj-' . bin2hex(random_bytes(4));
        $this->path = "$this->changes/root";
        foreach (['root', 'upper', 'work'] as $directory) {
            mkdir("$this->changes/$directory", 0755, true);
        }
        $options = 'lowerdir=' . realpath("$roots/$name") . ",upperdir=$this->changes/upper,workdir=$this->changes/work,userxattr";
        exec('mount -t overlay overlay -o ' . escapeshellarg($options) . ' ' . escapeshellarg($this->path), result_code: $code);
        if ($code !== 0) {
            throw new \RuntimeException("no overlay of $name can be mounted");
        }
        $this->put(Package::directory(), '/opt/mj');
    }

    public function __destruct()
    {
        $this->stopFpm();
        exec('umount -l ' . escapeshellarg($this->path) . ' && rm -rf ' . escapeshellarg($this->changes));
    }

    /** Copies a file or directory of this machine into it. */
    public function put(string $from, string $to): void
    {
        exec('mkdir -p ' . escapeshellarg(dirname($this->path . $to)) . ' && cp -a ' . escapeshellarg($from) . ' ' . escapeshellarg($this->path . $to));
    }

    public function write(string $path, string $content, int $mode = 0644): void
    {
        @mkdir(dirname($this->path . $path), 0755, true);
        file_put_contents($this->path . $path, $content);
        chmod($this->path . $path, $mode);
    }

    public function append(string $path, string $content): void
    {
        file_put_contents($this->path . $path, $content, FILE_APPEND);
    }

    public function read(string $path): string
    {
        return (string) @file_get_contents($this->path . $path);
    }

    public function has(string $path): bool
    {
        return file_exists($this->path . $path);
    }

    /**
     * Runs a command line of its shell, as root.
     *
     * @return array{int, string} exit code; what it said
     */
    public function run(string $command, string $language = 'C'): array
    {
        exec($this->entering("LANG=$language sh -c " . escapeshellarg($command)) . ' 2>&1 </dev/null', $lines, $code);

        return [$code, implode("\n", $lines)];
    }

    /** Runs a command line that must work, and gives what it said. */
    public function must(string $command): string
    {
        [$code, $said] = $this->run($command);
        if ($code !== 0) {
            throw new \RuntimeException("$command: exit code $code: $said");
        }

        return $said;
    }

    /** Imagines a picture with the hub of the ini files, as the user of php-fpm, and gives the path of its file. */
    public function picture(string $php, string $user = 'www-data'): string
    {
        $this->write('/srv/picture.php', '<?php $id = mj_imagine("a lighthouse"); $task = mj_wait($id, 60);'
            . ' if ($task["status"] !== "SUCCESS") { exit(json_encode($task)); } echo mj_download($id, "/tmp")[0];');

        return $this->must("setpriv --reuid $user --regid $user --clear-groups $php /srv/picture.php");
    }

    /** Starts php-fpm with the configuration that is there, and gives a client of its pool. */
    public function fpm(string $binary, string $socket): FastCgi
    {
        copy(__DIR__ . '/../process/endpoint.php', $this->path . '/srv/endpoint.php');
        @mkdir($this->path . dirname($socket), 0755, true);
        $this->fpm = proc_open($this->entering("$binary --nodaemonize"), [['file', '/dev/null', 'r'], ['file', $this->path . '/fpm.log', 'a'], ['file', $this->path . '/fpm.log', 'a']], $pipes);
        Until::true(fn () => @stream_socket_client("unix://{$this->path}$socket") !== false, 60.0, fn () => 'php-fpm did not start: ' . $this->read('/fpm.log') . $this->read('/var/log/php-fpm.log'));

        return new FastCgi($this->path . $socket, '/srv/endpoint.php');
    }

    public function stopFpm(): void
    {
        if ($this->fpm !== null) {
            // `exec` all the way: the process is php-fpm's master.
            proc_terminate($this->fpm, SIGTERM);
            proc_close($this->fpm);
            $this->fpm = null;
        }
    }

    /** @return array<string, string> the hash of each file below some directories, and the links */
    public function files(string ...$below): array
    {
        $files = [];
        foreach ($below as $directory) {
            $all = new \RecursiveIteratorIterator(new \RecursiveDirectoryIterator($this->path . $directory, \FilesystemIterator::SKIP_DOTS));
            foreach ($all as $file) {
                $name = substr($file->getPathname(), strlen($this->path));
                $files[$name] = $file->isLink() ? '-> ' . readlink($file->getPathname()) : sprintf('%o %s', fileperms($file->getPathname()), hash_file('sha256', $file->getPathname()));
            }
        }
        ksort($files);

        return $files;
    }

    private function entering(string $command): string
    {
        $path = escapeshellarg($this->path);

        return 'exec unshare --mount sh -c ' . escapeshellarg(
            "mkdir -p $path/proc $path/dev && mount -t proc proc $path/proc && mount --rbind /dev $path/dev && exec chroot $path /usr/bin/env -i "
            . "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root $command"
        );
    }
}
