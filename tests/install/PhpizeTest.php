<?php

declare(strict_types=1);

namespace Mj\Tests\Install;

use PHPUnit\Framework\TestCase;

/** What PIE does with the source: phpize, configure, make install. A stand-in for cargo hands out the packaged binary. */
final class PhpizeTest extends TestCase
{
    private string $directory;

    protected function setUp(): void
    {
        $this->directory = sys_get_temp_dir() . '/mj-phpize-' . bin2hex(random_bytes(4));
        mkdir("$this->directory/packaging", 0755, true);
        $phpize = realpath(__DIR__ . '/../../packaging/phpize');
        mkdir("$this->directory/packaging/phpize");
        foreach (['config.m4', 'Makefile.frag'] as $file) {
            copy("$phpize/$file", "$this->directory/packaging/phpize/$file");
        }
    }

    protected function tearDown(): void
    {
        exec('rm -rf ' . escapeshellarg($this->directory));
    }

    public function testCargoBuildsForThatPhpAndItIsInstalled(): void
    {
        $series = PHP_MAJOR_VERSION . '.' . PHP_MINOR_VERSION;
        $row = Package::row($series) ?? self::markTestSkipped("the package has no binary for this machine's PHP $series");
        $binary = Package::directory() . "/{$row['file']}";
        $this->cargo("echo \"\$PWD|\$*|\$PHP|\$PHP_CONFIG\" > $this->directory/asked\nmkdir -p \$CARGO_TARGET_DIR/release && cp $binary \$CARGO_TARGET_DIR/release/libmj.so");

        $this->must('phpize');
        $this->must("./configure --with-cargo=$this->directory/cargo");
        $this->must("make install INSTALL_ROOT=$this->directory/installed");

        [$place, $arguments, $php, $config] = explode('|', trim(file_get_contents("$this->directory/asked")));
        self::assertSame($this->directory, $place);
        self::assertSame('build --locked --release -p mj', $arguments);
        self::assertSame($series, trim((string) shell_exec("$php -n -r 'echo PHP_MAJOR_VERSION, \".\", PHP_MINOR_VERSION;'")));
        self::assertFileExists($config);
        $installed = "$this->directory/installed" . trim((string) shell_exec("$config --extension-dir")) . '/mj.so';
        self::assertFileEquals($binary, $installed);
        self::assertStringContainsString('mj => enabled', (string) shell_exec("$php -n -d extension=$installed --ri mj"));
    }

    public function testBuildThatFailsInstallsNothing(): void
    {
        $this->cargo('exit 101');
        $this->must('phpize');
        $this->must("./configure --with-cargo=$this->directory/cargo");

        self::assertNotSame(0, $this->shell("make install INSTALL_ROOT=$this->directory/installed")[0]);
        self::assertFileDoesNotExist("$this->directory/installed");
    }

    public function testMissingRustIsSaidByConfigure(): void
    {
        $this->must('phpize');
        [$code, $said] = $this->shell('./configure --with-cargo=/nowhere/cargo');
        self::assertNotSame(0, $code);
        self::assertStringContainsString('Rust is missing', $said);
    }

    /** What PIE reads agrees with what configure knows. */
    public function testComposerNamesWhatConfigureKnows(): void
    {
        $composer = json_decode(file_get_contents(__DIR__ . '/../../composer.json'), true, 16, JSON_THROW_ON_ERROR);
        self::assertSame('php-ext', $composer['type']);
        self::assertSame('mj', $composer['php-ext']['extension-name']);
        self::assertFileExists(__DIR__ . "/../../{$composer['php-ext']['build-path']}/config.m4");
        $known = file_get_contents(__DIR__ . "/../../{$composer['php-ext']['build-path']}/config.m4");
        foreach ($composer['php-ext']['configure-options'] as $option) {
            self::assertStringContainsString("--{$option['name']}", $known);
        }
    }

    private function cargo(string $script): void
    {
        file_put_contents("$this->directory/cargo", "#!/bin/sh\n$script\n");
        chmod("$this->directory/cargo", 0755);
    }

    /** @return array{int, string} exit code; what it said */
    private function shell(string $command): array
    {
        exec('cd ' . escapeshellarg("$this->directory/packaging/phpize") . " && env -u CARGO_TARGET_DIR $command 2>&1", $lines, $code);

        return [$code, implode("\n", $lines)];
    }

    private function must(string $command): void
    {
        [$code, $said] = $this->shell($command);
        self::assertSame(0, $code, $said);
    }
}
