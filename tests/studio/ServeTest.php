<?php

declare(strict_types=1);

namespace Mj\Tests\Studio;

use Mj\Tests\Process\Extension;
use Mj\Tests\Process\StateDirectory;
use Mj\Tests\Process\Until;
use PHPUnit\Framework\TestCase;

/** The studio as `make studio` serves it: a process that a person ends by Ctrl-C, with all that it started. */
final class ServeTest extends TestCase
{
    /** Seconds after which Ctrl-C is pressed; -1 is when the address was told. */
    private const MOMENTS = [0.0, 0.05, 0.15, 0.3, 0.6, 1.0, -1.0];

    private StateDirectory $directory;

    protected function setUp(): void
    {
        $this->directory = new StateDirectory();
    }

    protected function tearDown(): void
    {
        foreach ($this->processes() as $pid => $command) {
            posix_kill($pid, SIGKILL);
        }
    }

    /** @return array<string, array{list<string>}> what a person types */
    public function commands(): array
    {
        $root = dirname(__DIR__, 2);
        $simulator = (string) getenv('MJ_SIMULATOR');
        $make = ['make', '--no-print-directory', '-C', $root, '--old-file=build', 'studio', 'LISTEN=127.0.0.1:0', 'MJ_EXTENSION=' . Extension::path(), "MJ_SIMULATOR=$simulator"];

        return [
            'make studio' => [$make],
            'serve.php' => [[PHP_BINARY, '-n', '-d', 'extension=' . Extension::path(), "$root/php/studio/serve.php", '--listen', '127.0.0.1:0']],
        ];
    }

    /**
     * @dataProvider commands
     *
     * @param list<string> $command
     */
    public function testCtrlCEndsItWithAllThatItStarted(array $command): void
    {
        foreach (self::MOMENTS as $moment) {
            [$process, $out] = $this->started($command);
            if ($moment < 0) {
                self::assertNotNull($this->address($out), 'it told its address');
                // The server names its address before it has forked the last of its workers.
                Until::true(fn (): bool => count($this->processes()) > 8, 20.0, fn (): string => 'expected this process, the simulator, a server with eight workers: ' . implode('; ', $this->processes()));
            } else {
                usleep((int) ($moment * 1e6));
            }
            // As a terminal does: the whole group in front hears of it.
            posix_kill(-proc_get_status($process)['pid'], SIGINT);
            Until::true(static fn (): bool => !proc_get_status($process)['running'], 20.0, static fn (): string => "still there after Ctrl-C at $moment s");
            proc_close($process);
            Until::true(fn (): bool => $this->processes() === [], 20.0, fn (): string => "Ctrl-C at $moment s left: " . implode('; ', $this->processes()));
        }
    }

    public function testItAnswersAndItsPageIsThere(): void
    {
        [$process, $out] = $this->started($this->commands()['serve.php'][0]);
        $address = (string) $this->address($out);
        $page = (string) file_get_contents($address);
        self::assertStringContainsString('id="prompt"', $page);
        self::assertSame(1, preg_match('~src="(v/[^"]+)"~', $page, $found));
        self::assertStringContainsString('import', (string) file_get_contents($address . $found[1]));
        proc_terminate($process, SIGTERM);
        Until::true(static fn (): bool => !proc_get_status($process)['running'], 20.0);
        Until::true(fn (): bool => $this->processes() === [], 20.0);
    }

    public function testAPageWithoutTheExtensionSaysSo(): void
    {
        $ask = $this->page([]);
        self::assertStringContainsString('id="prompt"', $ask(''));
        foreach (['api/tasks', 'api/status', 'api/doctor'] as $path) {
            self::assertSame('no_extension', json_decode($ask($path), true, 4, JSON_THROW_ON_ERROR)['error'], $path);
        }
    }

    public function testAPageWithoutAnAccountSaysSo(): void
    {
        $ask = $this->page(['-d', 'extension=' . Extension::path()]);
        self::assertFalse(json_decode($ask('api/status'), true, 8, JSON_THROW_ON_ERROR)['configured']);
        self::assertSame(['tasks' => [], 'cursor' => null], json_decode($ask('api/tasks'), true, 8, JSON_THROW_ON_ERROR));
    }

    public function testAFormThatPhpThrewAwayIsTooLarge(): void
    {
        $ask = $this->page(['-d', 'extension=' . Extension::path(), '-d', 'display_errors=0', '-d', 'post_max_size=1K']);
        $token = json_decode($ask('api/session'), true, 4, JSON_THROW_ON_ERROR)['token'];
        $form = "--b\r\nContent-Disposition: form-data; name=\"pictures[]\"; filename=\"a.png\"\r\n\r\n" . str_repeat('x', 5000) . "\r\n--b--\r\n";
        $answer = $ask('api/describe', ['method' => 'POST', 'content' => $form, 'header' => "X-Csrf-Token: $token\r\nContent-Type: multipart/form-data; boundary=b"]);
        self::assertSame('too_large', json_decode($answer, true, 4, JSON_THROW_ON_ERROR)['error']);
    }

    public function testWhatIsPostedIsReadWhenWhoPostsItWasLetIn(): void
    {
        $ask = $this->page(['-d', 'extension=' . Extension::path(), '-d', 'display_errors=0', '-d', 'memory_limit=128M', '-d', 'post_max_size=64M']);
        // As PHP's arrays this is more than its memory.
        $many = ['method' => 'POST', 'content' => '[' . str_repeat('[1],', 8_000_000) . '0]', 'header' => 'Content-Type: application/json'];
        foreach (['api/imagine' => 'csrf', 'logout' => 'csrf', 'login' => 'too_large'] as $path => $reason) {
            self::assertSame($reason, json_decode($ask($path, $many), true, 4, JSON_THROW_ON_ERROR)['error'], $path);
        }
        $token = json_decode($ask('api/session'), true, 4, JSON_THROW_ON_ERROR)['token'];
        $many['header'] .= "\r\nX-Csrf-Token: $token";
        self::assertSame('too_large', json_decode($ask('api/imagine', $many), true, 4, JSON_THROW_ON_ERROR)['error']);
    }

    public function testNoWarningIsPartOfAnAnswer(): void
    {
        $ask = $this->page(['-d', 'display_errors=1', '-d', 'post_max_size=1K']);
        $answer = $ask('api/describe', ['method' => 'POST', 'content' => str_repeat('x', 5000), 'header' => 'Content-Type: application/x-www-form-urlencoded']);
        // What PHP says before any script runs is not ours to silence.
        self::assertStringNotContainsString('Cannot modify header', $answer);
    }

    /**
     * Serves the page alone, with a PHP of these arguments.
     *
     * @param list<string> $arguments
     *
     * @return \Closure(string, array<string, string>=): string asks it for a path, in one session
     */
    private function page(array $arguments): \Closure
    {
        $free = stream_socket_server('tcp://127.0.0.1:0');
        self::assertIsResource($free);
        $address = (string) stream_socket_get_name($free, false);
        fclose($free);
        $public = dirname(__DIR__, 2) . '/php/studio/public';
        $this->started([PHP_BINARY, '-n', ...$arguments, '-S', $address, '-t', $public, "$public/index.php"]);
        Until::true(static fn (): bool => @stream_socket_client("tcp://$address", timeout: 1.0) !== false, 60.0);
        file_get_contents("http://$address/");
        self::assertSame(1, preg_match('/^Set-Cookie: ([^;]+)/mi', implode("\n", $http_response_header), $found));

        return static function (string $path, array $http = []) use ($address, $found): string {
            $header = trim("Cookie: $found[1]\r\n" . ($http['header'] ?? ''));
            $context = stream_context_create(['http' => ['header' => $header, 'ignore_errors' => true] + $http]);

            return (string) file_get_contents("http://$address/$path", false, $context);
        };
    }

    public function testItSaysWhyNot(): void
    {
        foreach (['0.0.0.0:8080', '127.0.0.1'] as $listen) {
            $command = array_replace($this->commands()['serve.php'][0], [6 => $listen]);
            $process = proc_open($command, [['file', '/dev/null', 'r'], ['pipe', 'w'], ['pipe', 'w']], $pipes, null, $this->environment());
            self::assertIsResource($process);
            self::assertStringContainsString('--listen must be an address of this machine', (string) stream_get_contents($pipes[2]));
            self::assertSame(1, proc_close($process));
        }
    }

    /**
     * @param list<string> $command
     *
     * @return array{resource, resource} the process, which leads a group of its own, and what it tells
     */
    private function started(array $command): array
    {
        $process = proc_open(['setsid', ...$command], [['file', '/dev/null', 'r'], ['pipe', 'w'], ['file', '/dev/null', 'w']], $pipes, null, $this->environment());
        self::assertIsResource($process);
        $id = proc_get_status($process)['pid'];
        Until::true(static fn (): bool => posix_getpgid($id) === $id, 60.0);

        return [$process, $pipes[1]];
    }

    /** @return array<string, string> by which its processes are known */
    private function environment(): array
    {
        return array_diff_key(getenv(), ['MJ_USER_TOKEN' => 0, 'MJ_BOT_TOKEN' => 0, 'MAKEFLAGS' => 0, 'MAKELEVEL' => 0, 'MFLAGS' => 0])
            + ['MJ_STATE_DIR' => $this->directory->path . '/state', 'MJ_STUDIO_TEST' => $this->directory->path, 'TMPDIR' => $this->directory->path];
    }

    /** @param resource $out */
    private function address($out): ?string
    {
        while (($line = fgets($out)) !== false) {
            if (preg_match('~^The studio: (http://\S+)~', $line, $found) === 1) {
                return $found[1];
            }
        }

        return null;
    }

    /** @return array<int, string> commands of the processes that came of this test, by their ids */
    private function processes(): array
    {
        $found = [];
        foreach (glob('/proc/[0-9]*') ?: [] as $place) {
            if (str_contains((string) @file_get_contents("$place/environ"), "MJ_STUDIO_TEST={$this->directory->path}\0")) {
                $command = strtr(trim((string) @file_get_contents("$place/cmdline")), "\0", ' ');
                // What has ended and is not yet buried has no command.
                if ($command !== '') {
                    $found[(int) basename($place)] = $command;
                }
            }
        }

        return $found;
    }
}
