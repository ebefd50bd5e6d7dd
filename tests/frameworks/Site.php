<?php

declare(strict_types=1);

namespace Mj\Tests\Frameworks;

use Mj\Tests\Process\Cli;
use Mj\Tests\Process\Simulator;
use Mj\Tests\Process\StateDirectory;

/** A folder with an application, the simulator that it draws with, and a state directory. */
final class Site
{
    public string $root;

    private ?Simulator $simulator = null;

    private StateDirectory $state;

    /** @param list<string> $extensions of PHP that the application needs, where they are not built in */
    public function __construct(private array $extensions = [])
    {
        $this->root = sys_get_temp_dir() . '/mj-site-' . bin2hex(random_bytes(6));
        mkdir($this->root, 0700);
        $this->state = new StateDirectory();
        $this->extensions = array_values(array_filter(
            $extensions,
            static fn (string $name): bool => is_file((string) ini_get('extension_dir') . "/$name.so"),
        ));
    }

    public function __destruct()
    {
        exec('rm -rf ' . escapeshellarg($this->root));
    }

    public function simulator(): Simulator
    {
        return $this->simulator ??= new Simulator(['--speed', '200']);
    }

    /**
     * The settings with which it draws: those of a user's own session, which needs no bot.
     *
     * @return array<string, string>
     */
    public function settings(): array
    {
        $all = $this->simulator()->config(['gateway' => 'user', 'state_dir' => $this->state->path]);

        return array_map('strval', array_intersect_key($all, array_flip(
            ['user_token', 'guild_id', 'channel_id', 'state_dir', 'api_url', 'gateway_url', 'cdn_url', 'upload_url', 'activity_url'],
        )));
    }

    /** The same as lines of a `.env`: `MJ_USER_TOKEN="…"`. */
    public function environment(): string
    {
        $lines = '';
        foreach ($this->settings() as $name => $value) {
            $lines .= 'MJ_' . strtoupper($name) . "=\"$value\"\n";
        }

        return $lines;
    }

    /** Puts a file into the application. */
    public function write(string $path, string $contents): void
    {
        $path = "$this->root/$path";
        is_dir(dirname($path)) || mkdir(dirname($path), 0700, true);
        file_put_contents($path, $contents);
    }

    /**
     * Puts the files of a README into it: code whose first line is a comment with its path.
     *
     * @return list<string> the paths
     */
    public function writeReadme(string $readme): array
    {
        preg_match_all('~^```(php|yaml)\n(?://|#) (\S+\.(?:php|yaml))\n(.*?)^```$~ms', (string) file_get_contents($readme), $blocks, PREG_SET_ORDER);
        foreach ($blocks as [, $language, $path, $code]) {
            $this->write($path, ($language === 'php' ? "<?php\n\n" : '') . $code);
        }

        return array_column($blocks, 2);
    }

    /**
     * Runs a script of the application, as from a shell, to its end.
     *
     * @return array{int, string} exit code and what it said
     */
    public function run(string $script, string ...$arguments): array
    {
        $cli = $this->start($script, ...$arguments);
        [$out, $err] = $cli->wait(60.0);

        return [$cli->exitCode(), $out . $err];
    }

    /** Runs a script of the application, as from a shell. */
    public function start(string $script, string ...$arguments): Cli
    {
        $argv = ["$this->root/$script", ...array_values($arguments)];
        $code = 'chdir(dirname($data[0])); $_SERVER["argv"] = $argv = $data; $_SERVER["argc"] = $argc = count($data);'
            . '$_SERVER["SCRIPT_NAME"] = $_SERVER["SCRIPT_FILENAME"] = $_SERVER["PHP_SELF"] = $data[0]; require $data[0];';

        return new Cli($code, ['mj.shutdown_grace' => '1'], $argv, false, $this->extensions);
    }
}
