<?php

declare(strict_types=1);

namespace Mj\Tests\Chaos;

use Mj\Tests\Process\Extension;

/** Apache with its prefork module and PHP inside, from Debian's packages, with a configuration of its own. */
final class Apache extends HttpSite
{
    private const BINARY = '/usr/sbin/apache2';
    private const MODULES = '/usr/lib/apache2/modules';

    /** @param array<string, string> $ini `mj.*` settings */
    public function __construct(private array $ini, private int $workers = 8)
    {
        parent::__construct();
        $this->configure();
        $this->start();
    }

    /** What is missing to run it; null when nothing is. */
    public static function missing(): ?string
    {
        if (!is_executable(self::BINARY)) {
            return 'apache2';
        }

        return is_file(self::module()) ? null : 'libapache2-mod-php' . PHP_MAJOR_VERSION . '.' . PHP_MINOR_VERSION;
    }

    private static function module(): string
    {
        return self::MODULES . '/libphp' . PHP_MAJOR_VERSION . '.' . PHP_MINOR_VERSION . '.so';
    }

    private function configure(): void
    {
        $modules = self::MODULES;
        $root = posix_geteuid() === 0 ? "User www-data\nGroup www-data\n" : '';
        $php = self::module();
        file_put_contents("$this->directory/php.ini", implode('', array_map(
            static fn (string $name, string $value) => "$name = \"$value\"\n",
            ['extension', ...array_keys($this->ini)],
            [Extension::path(), ...array_values($this->ini)],
        )));
        file_put_contents("$this->directory/apache.conf", <<<CONF
            ServerRoot $this->directory
            ServerName 127.0.0.1
            Listen 127.0.0.1:$this->port
            PidFile $this->directory/apache.pid
            ErrorLog $this->directory/error.log
            Mutex posixsem
            LoadModule mpm_prefork_module $modules/mod_mpm_prefork.so
            LoadModule authz_core_module $modules/mod_authz_core.so
            LoadModule mime_module $modules/mod_mime.so
            LoadModule php_module $php
            PHPIniDir $this->directory
            $root
            StartServers $this->workers
            MinSpareServers 2
            MaxSpareServers $this->workers
            MaxRequestWorkers $this->workers
            MaxConnectionsPerChild 500
            GracefulShutdownTimeout 3
            KeepAlive Off
            TypesConfig /dev/null
            DocumentRoot $this->directory/www
            <FilesMatch "\\.php$">
                SetHandler application/x-httpd-php
            </FilesMatch>
            CONF);
    }

    protected function command(): array
    {
        // It signals its whole process group, which is to be its own.
        return ['setsid', self::BINARY, '-d', $this->directory, '-f', "$this->directory/apache.conf", '-DFOREGROUND'];
    }

    protected function environment(): array
    {
        // Debian's php would read its own configuration directory, too.
        return ['PHP_INI_SCAN_DIR' => ''] + getenv();
    }
}
