<?php

declare(strict_types=1);

namespace Mj\Tests\Frameworks;

use Mj\Client;
use Mj\FailCode;
use Mj\Framework\Application;
use Mj\Framework\Doctor;
use Mj\Framework\Imagine;
use Mj\Framework\Serve;
use Mj\Framework\Settings;
use Mj\QueueFullException;
use Mj\Testing\FakeMidjourney;
use Mj\Testing\Outcome;
use Mj\Tests\Process\Cli;
use Mj\Tests\Process\StateDirectory;
use Mj\Tests\Process\Until;
use PHPUnit\Framework\TestCase;

/** The commands without a framework: what they do, say and exit with. */
final class CommandsTest extends TestCase
{
    private const HUB = ['user_token' => 'a-user-token', 'guild_id' => '100000000000000001', 'channel_id' => '100000000000000002',
        'api_url' => 'http://127.0.0.1:9', 'gateway_url' => 'ws://127.0.0.1:9', 'cdn_url' => 'http://127.0.0.1:9', 'upload_url' => 'http://127.0.0.1:9', 'activity_url' => 'http://127.0.0.1:9'];

    public function testImagineShowsEachChangeAndSavesThePictures(): void
    {
        $mj = new FakeMidjourney();
        $directory = new StateDirectory();
        [$status, $said] = self::imagine($mj, ['prompt' => 'a cat', 'timeout' => '9', 'directory' => $directory->path]);
        self::assertSame(0, $status, $said);
        self::assertMatchesRegularExpression('/ IN_PROGRESS 35 %\n.* SUCCESS 100 %\nhttps:.*\n.*\.png\n$/s', $said);
        self::assertFileExists(trim((string) strrchr(rtrim($said), "\n")));
        $mj->assertImagined('a cat');
    }

    public function testImagineExitsWithWhatCameOfIt(): void
    {
        $mj = (new FakeMidjourney())->will(
            Outcome::failure(FailCode::BANNED_PROMPT, 'a <banned> word'),
            Outcome::stuck(),
            Outcome::throwing(new QueueFullException('too many wait')),
        );
        [$status, $said] = self::imagine($mj, ['prompt' => 'a dog', 'timeout' => '9']);
        self::assertSame([1, 'a <banned> word'], [$status, substr(rtrim($said), -15)]);
        self::assertSame(2, self::imagine($mj, ['prompt' => 'a bird', 'timeout' => '1'])[0]);
        self::assertSame([1, "too many wait\n"], self::imagine($mj, ['prompt' => 'a cow', 'timeout' => '9']));
        self::assertSame(1, self::imagine($mj, ['prompt' => '', 'timeout' => '9'])[0]);
    }

    public function testImagineAsksForNothingBeforeItsOptionsAreRight(): void
    {
        $mj = new FakeMidjourney();
        self::assertSame([1, "--timeout must be a number of seconds, 0 or more\n"], self::imagine($mj, ['prompt' => 'a cat', 'timeout' => '10 minutes']));
        self::assertSame([1, "--directory must be a directory that can be written to\n"], self::imagine($mj, ['prompt' => 'a cat', 'timeout' => '9', 'directory' => '/not/there']));
        $mj->assertNothingSubmitted();
    }

    public function testWhatNeedsTheExtensionSaysSo(): void
    {
        $application = self::application(new FakeMidjourney());
        self::assertSame([1, "the client is not the extension's\n"], self::say(Serve::class, $application, ['seconds' => '']));
        self::assertSame([1, "the extension mj is not loaded\n"], self::say(Doctor::class, $application, []));
    }

    public function testTheDoctorFindsSettingsThatCannotBeUsed(): void
    {
        $state = new StateDirectory();
        $config = ['state_dir' => $state->path, 'role' => 'never', 'no_such_setting' => 'a-secret'] + self::HUB;
        [$status, $said] = self::real(Doctor::class, ['offline' => true], $config);
        self::assertSame(1, $status, $said);
        self::assertMatchesRegularExpression('/^failed  .*no_such_setting/m', $said);
        self::assertStringNotContainsString('a-secret', $said);
        self::assertStringNotContainsString('a-user-token', $said);
    }

    public function testTheDoctorsReportIsJsonWhereThatIsAsked(): void
    {
        $state = new StateDirectory();
        [$status, $said] = self::real(Doctor::class, ['offline' => true, 'json' => true], ['state_dir' => $state->path] + self::HUB);
        $report = json_decode($said, true, 16, JSON_THROW_ON_ERROR);
        self::assertSame([$report['ok'] ? 0 : 1, true], [$status, isset($report['checks'][0]['seen'])]);
        self::assertSame(0, $status, $said);

        [$status, $said] = self::real(Doctor::class, ['json' => true], ['state_dir' => $state->path] + self::HUB);
        self::assertSame(1, $status, 'nobody answers at these addresses');
        self::assertStringContainsString('127.0.0.1:9', $said);
    }

    public function testServeStaysUntilItIsAskedToStopAndEndsWell(): void
    {
        $state = new StateDirectory();
        foreach ([SIGTERM, SIGINT] as $signal) {
            $serve = new Cli(self::CODE, [], ['root' => dirname(__DIR__, 2), 'work' => Serve::class, 'given' => ['seconds' => ''], 'config' => ['state_dir' => $state->path] + self::HUB]);
            $owned = static fn (): bool => (Cli::run('echo json_encode(mj_status()["hubs"]);', ['mj.state_dir' => $state->path], null) !== '[]')
                && str_contains(Cli::run('echo json_encode(mj_status()["hubs"]);', ['mj.state_dir' => $state->path]), '"pid":' . $serve->pid());
            Until::true($owned, 20.0);
            $serve->signal($signal);
            [$said] = $serve->wait(20.0);
            self::assertSame([0, "ended\n"], [$serve->exitCode(), $said], 'it went on to its end');
        }
    }

    public function testServeEndsWithItsTime(): void
    {
        $state = new StateDirectory();
        $begin = microtime(true);
        self::assertSame([0, "ended\n"], self::real(Serve::class, ['seconds' => '0.3'], ['state_dir' => $state->path] + self::HUB, "ended\n"));
        self::assertGreaterThan(0.3, microtime(true) - $begin);
        self::assertSame([1, "--seconds must be a number of seconds, 0 or more\n"], self::real(Serve::class, ['seconds' => '-1'], ['state_dir' => $state->path] + self::HUB));
    }

    /** Runs a command in a process with the extension. */
    private const CODE = <<<'PHP'
        require $data["root"] . "/tests/phpunit/bootstrap.php";
        $settings = new Mj\Framework\Settings($data["config"], "shop");
        $application = static fn () => new Mj\Framework\Application($settings, static fn () => $settings->client(), static fn () => null);
        $status = $data["work"]::run($application, $data["given"], static function (string $line) { echo "$line\n"; });
        if ($status === 0 && $data["work"] === Mj\Framework\Serve::class) {
            echo "ended\n";
        }
        exit($status);
        PHP;

    /**
     * @param array<string, mixed> $given
     * @param array<string, mixed> $config
     *
     * @return array{int, string}
     */
    private static function real(string $work, array $given, array $config): array
    {
        $cli = new Cli(self::CODE, [], ['root' => dirname(__DIR__, 2), 'work' => $work, 'given' => $given, 'config' => $config]);
        [$said, $errors] = $cli->wait();

        return [$cli->exitCode(), $said . $errors];
    }

    /**
     * @param array<string, mixed> $given
     *
     * @return array{int, string}
     */
    private static function imagine(Client $mj, array $given): array
    {
        return self::say(Imagine::class, self::application($mj), $given);
    }

    private static function application(Client $mj): Application
    {
        return new Application(new Settings(), static fn (): Client => $mj, static fn (object $event) => null);
    }

    /**
     * @param class-string<\Mj\Framework\Command> $work
     * @param array<string, mixed>                $given
     *
     * @return array{int, string}
     */
    private static function say(string $work, Application $application, array $given): array
    {
        $said = '';
        $status = $work::run(static fn (): Application => $application, $given, static function (string $line) use (&$said): void {
            $said .= "$line\n";
        });

        return [$status, $said];
    }
}
