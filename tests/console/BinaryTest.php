<?php

declare(strict_types=1);

namespace Mj\Tests\Console;

use Mj\Tests\Process\Extension;
use Mj\Tests\Process\StateDirectory;
use PHPUnit\Framework\TestCase;

/** `php/bin/mj` where something is missing, within Composer's directories, and its scripts for shells. */
final class BinaryTest extends TestCase
{
    private const MJ = __DIR__ . '/../../php/bin/mj';

    private StateDirectory $directory;

    protected function setUp(): void
    {
        $this->directory = new StateDirectory();
    }

    public function testWithoutTheExtensionItSaysWhatToDo(): void
    {
        [$code, $out, $err] = $this->said([PHP_BINARY, self::MJ, 'imagine', 'a cat']);
        self::assertSame([3, ''], [$code, $out]);
        self::assertMatchesRegularExpression('/^mj: the extension mj is not loaded: .*extension=mj\.so.*\n$/D', $err);
        [$code, , $err] = $this->said([PHP_BINARY, self::MJ, 'imagine', 'a cat', '--json']);
        self::assertSame([3, 3], [$code, json_decode($err, true)['error']['exit_code']]);
        self::assertSame(0, $this->said([PHP_BINARY, self::MJ, 'help', 'imagine'])[0], 'its help needs none');
    }

    public function testWithoutSymfonyConsoleItSaysWhatToDo(): void
    {
        // Neither Debian's place nor what is found by the include path.
        [$code, $out, $err] = $this->said([PHP_BINARY, '-n', '-d', 'include_path=.', '-d', 'open_basedir=' . dirname(__DIR__, 2), self::MJ, 'list']);
        self::assertSame([3, ''], [$code, $out]);
        self::assertMatchesRegularExpression('/^mj: Symfony Console.* is missing: .*php-symfony-console.*composer require symfony\/console.*\n$/D', $err);
    }

    public function testWithoutASettingItNamesIt(): void
    {
        [$code, , $err] = $this->said(
            [PHP_BINARY, '-d', 'extension=' . Extension::path(), self::MJ, 'imagine', 'a cat'],
            ['MJ_STATE_DIR' => $this->directory->path],
        );
        self::assertSame(3, $code);
        self::assertMatchesRegularExpression('/^mj: .*(guild_id|channel_id|user_token).*\n$/D', $err);
    }

    public function testWhatCannotBeWrittenIsNoSuccess(): void
    {
        $process = proc_open([PHP_BINARY, self::MJ, 'list'], [1 => ['file', '/dev/full', 'w'], 2 => ['pipe', 'w']], $pipes);
        $err = stream_get_contents($pipes[2]);
        self::assertSame([1, "mj: standard output cannot be written: No space left on device\n"], [proc_close($process), $err]);
    }

    public function testWithNoMoreOfPhpThanItAsksForItSaysWhatIsWrong(): void
    {
        $minimal = array_filter(['mbstring', 'intl'], static fn (string $name): bool => is_file(ini_get('extension_dir') . "/$name.so"));
        $command = [PHP_BINARY, '-n', ...array_merge([], ...array_map(static fn (string $name): array => ['-d', "extension=$name"], array_values($minimal)))];
        $settings = ['MJ_STATE_DIR' => $this->directory->path, 'MJ_AUTOSTART' => '0', 'MJ_USER_TOKEN' => 'none', 'MJ_GUILD_ID' => '1090000000000000001', 'MJ_CHANNEL_ID' => '1090000000000000002'];
        foreach ([['imagine', 'a cat', '--mode=slow'], ['describe', '/none.png'], ['blend', '/none.png', '/neither.png'], ['command', 'none']] as $wrong) {
            [$code, $out, $err] = $this->said([...$command, '-d', 'extension=' . Extension::path(), self::MJ, ...$wrong], $settings);
            self::assertSame([2, ''], [$code, $out], $err);
            self::assertMatchesRegularExpression('/^mj: .+\n$/D', $err);
        }
    }

    public function testItIsFoundInAProjectOfComposers(): void
    {
        // As `composer require` lays it out, with an autoloader that tells that it was taken.
        $vendor = $this->directory->path . '/project/vendor';
        mkdir("$vendor/mj", 0777, true);
        symlink(dirname(__DIR__, 2) . '/php', "$vendor/mj/client");
        mkdir("$vendor/bin");
        mkdir("$vendor/composer");
        $symfony = getenv('MJ_SYMFONY') ?: '/usr/share/php/Symfony/Component/Console/autoload.php';
        file_put_contents("$vendor/autoload.php", "<?php fwrite(STDERR, 'composer'); require '$symfony'; require __DIR__ . '/mj/client/autoload.php';");
        file_put_contents("$vendor/bin/mj", "<?php \$GLOBALS['_composer_autoload_path'] = __DIR__ . '/../autoload.php'; return include __DIR__ . '/../mj/client/bin/mj';");
        [$code, $out, $err] = $this->said([PHP_BINARY, "$vendor/bin/mj", 'list', '--raw']);
        self::assertSame([0, 'composer'], [$code, $err]);
        self::assertStringContainsString('imagine', $out);

        // A copy, without Composer's own script.
        exec('rm ' . escapeshellarg("$vendor/mj/client") . ' && cp -r ' . escapeshellarg(dirname(__DIR__, 2) . '/php') . ' ' . escapeshellarg("$vendor/mj/client"));
        self::assertSame([0, 'composer'], array_values(array_diff_key($this->said([PHP_BINARY, "$vendor/mj/client/bin/mj", 'list']), [1 => 0])));
    }

    /** @return array<string, array{string, string, string}> */
    public function shells(): array
    {
        return [
            'bash' => ['bash', '/usr/share/bash-completion/bash_completion', 'source /usr/share/bash-completion/bash_completion; source "$1"; '
                . 'COMP_WORDS=(mj pan X ""); COMP_CWORD=3; COMP_LINE="mj pan X "; COMP_POINT=9; _sf_mj; printf "%s\n" "${COMPREPLY[@]}"'],
            'zsh' => ['zsh', '', 'compdef() { : }; compadd() { shift; print -l -- "$@" }; source $1; words=(mj pan X ""); CURRENT=4; _mj'],
            'fish' => ['fish', '', 'source $argv[1]; complete -C "mj pan X "'],
        ];
    }

    /** @dataProvider shells */
    public function testShellsCompleteWithItsScripts(string $shell, string $needs, string $code): void
    {
        exec("command -v $shell", $found, $missing);
        if ($missing !== 0 || $needs !== '' && !is_file($needs)) {
            self::markTestSkipped("$shell or its completion is not installed");
        }
        if ($shell !== 'bash' && getenv('MJ_SYMFONY') !== false) {
            self::markTestSkipped('the script is Symfony\'s own');
        }
        $path = $this->directory->path;
        file_put_contents("$path/mj", "#!/bin/sh\nexec " . PHP_BINARY . ' ' . escapeshellarg((string) realpath(self::MJ)) . ' "$@"' . "\n");
        chmod("$path/mj", 0755);
        $environment = ['PATH' => "$path:" . getenv('PATH'), 'HOME' => $path];
        [$exit, $script, $err] = $this->said(["$path/mj", 'completion', $shell]);
        self::assertSame([0, ''], [$exit, $err]);
        file_put_contents("$path/script", $script);
        [, $out] = $this->said([$shell, '-c', $code, ...($shell === 'fish' ? [] : [$shell]), "$path/script"], $environment);
        $words = preg_split('/\s+/', trim($out));
        sort($words);
        self::assertSame(['down', 'left', 'right', 'up'], $words);
        self::assertSame(2, $this->said(["$path/mj", 'completion', 'powershell'])[0]);
    }

    /**
     * @param list<string>          $command
     * @param array<string, string> $environment
     *
     * @return array{int, string, string} exit code, standard output, standard error
     */
    private function said(array $command, array $environment = []): array
    {
        $file = $this->directory->path . '/stderr';
        $process = proc_open($command, [['file', '/dev/null', 'r'], ['pipe', 'w'], ['file', $file, 'w']], $pipes, null, $environment + ['PATH' => (string) getenv('PATH')]);
        $out = (string) stream_get_contents($pipes[1]);

        return [proc_close($process), $out, (string) file_get_contents($file)];
    }
}
