<?php

declare(strict_types=1);

namespace Mj\Tests\Studio;

use Mj\Studio\Session;
use Mj\Studio\Throttle;
use Mj\Tests\Process\StateDirectory;

/** Who is let in. */
final class LoginTest extends StudioTestCase
{
    public function testWithoutASecretOnlyThisMachineIsLetIn(): void
    {
        $this->enter();
        $foreign = [
            'another machine' => ['address' => '192.0.2.1'],
            'a name that was bound to this machine' => ['headers' => ['host' => 'evil.example:8080']],
            'another machine, through a proxy on this one' => ['headers' => ['x-forwarded-for' => '192.0.2.1']],
            'another machine, through one that names nobody' => ['headers' => ['via' => '1.1 proxy.example']],
            'another machine by a name of this one' => ['address' => '2001:db8::1', 'headers' => ['host' => 'localhost']],
        ];
        foreach ($foreign as $who => $more) {
            $answer = $this->ask('GET', '', $more);
            self::assertSame('local_only', self::json($answer, 403)['error'], $who);
        }
    }

    public function testNothingIsToldBeforeTheLogin(): void
    {
        $task = $this->mj->imagine('a cat');
        $page = self::text($this->ask('GET', '', [], self::SECRET));
        self::assertStringContainsString('id="login"', $page);
        self::assertStringContainsString('"token":null', $page);
        self::assertStringNotContainsString('id="prompt"', $page);
        foreach (['api/tasks', "api/tasks/$task->id", "api/changes?tasks=$task->id.0", 'api/status', 'api/doctor', "pictures/$task->id/0", "pictures.zip?tasks=$task->id", "previews/$task->id/1"] as $path) {
            self::assertRefused(401, 'login', $this->ask('GET', $path, [], self::SECRET));
        }
        self::assertRefused(401, 'login', $this->ask('POST', 'api/imagine', ['body' => ['prompt' => 'a dog']], self::SECRET));
        $this->mj->assertSubmittedCount(1);
    }

    public function testTheSecretLetsInFromAnywhere(): void
    {
        $from = ['address' => '192.0.2.1', 'headers' => ['host' => 'studio.example'], 'secure' => true];
        $login = $this->ask('POST', 'login', $from + ['body' => ['secret' => self::SECRET]], self::SECRET);
        self::assertSame(200, $login->status);
        [, , $options] = $login->cookies[0];
        self::assertTrue($options['httponly'] && $options['secure']);
        self::assertSame('Strict', $options['samesite']);
        self::assertSame(200, $this->ask('GET', 'api/tasks', $from, self::SECRET)->status);

        self::assertSame(self::json($login)['token'], self::json($this->ask('GET', 'api/session', $from, self::SECRET))['token']);

        $this->enter(self::SECRET);
        self::assertSame(200, $this->ask('POST', 'logout', [], self::SECRET)->status);
        self::assertRefused(401, 'login', $this->ask('GET', 'api/session', [], self::SECRET));
        self::assertRefused(401, 'login', $this->ask('GET', 'api/tasks', [], self::SECRET));
    }

    public function testAnOldPageGoesOnInTheSessionThatThereIs(): void
    {
        $this->enter();
        $this->cookies = [];
        self::assertRefused(401, 'login', $this->ask('POST', 'api/imagine', ['body' => ['prompt' => 'a cat']]));
        $this->token = self::json($this->ask('GET', 'api/session'))['token'];
        self::json($this->ask('POST', 'api/imagine', ['body' => ['prompt' => 'a cat']]), 201);
    }

    public function testAWrongSecretIsTriedFiveTimesOnly(): void
    {
        for ($try = 1; $try <= Throttle::TRIES; $try++) {
            self::assertRefused(403, 'wrong_secret', $this->ask('POST', 'login', ['body' => ['secret' => "wrong $try"]], self::SECRET));
        }
        $refused = $this->ask('POST', 'login', ['body' => ['secret' => self::SECRET]], self::SECRET);
        self::assertRefused(429, 'too_many', $refused);
        self::assertGreaterThan(0, (int) $refused->headers['Retry-After']);
        $elsewhere = ['address' => '192.0.2.7', 'body' => ['secret' => self::SECRET]];
        self::assertSame(200, $this->ask('POST', 'login', $elsewhere, self::SECRET)->status);
    }

    public function testOneNetworkOfIPv6IsOneAddress(): void
    {
        $throttle = new Throttle($this->settings()->directory);
        for ($try = 0; $try < Throttle::TRIES; $try++) {
            self::assertSame(0, $throttle->count("2001:db8:1:2::$try", 1000));
        }
        self::assertSame(Throttle::WINDOW, $throttle->count('2001:db8:1:2:ffff::1', 1000));
        self::assertSame(0, $throttle->count('2001:db8:1:3::1', 1000));
        self::assertSame(0, $throttle->count('2001:db8:1:2::9', 1000 + Throttle::WINDOW));
    }

    public function testAnAddressOfIPv4ThatComesByIPv6IsOneOfItsOwn(): void
    {
        $throttle = new Throttle($this->settings()->directory);
        for ($try = 0; $try < Throttle::TRIES; $try++) {
            self::assertSame(0, $throttle->count('::ffff:192.0.2.1', 1000));
        }
        self::assertSame(Throttle::WINDOW, $throttle->count('192.0.2.1', 1000));
        self::assertSame(0, $throttle->count('::ffff:192.0.2.2', 1000), 'who tries in vain keeps no other one out');
    }

    public function testAClockThatWasSetBackKeepsNobodyOut(): void
    {
        $throttle = new Throttle($this->settings()->directory);
        for ($try = 0; $try < Throttle::TRIES; $try++) {
            self::assertSame(0, $throttle->count('192.0.2.1', 100_000));
        }
        self::assertSame(0, $throttle->count('192.0.2.1', 10_000));
    }

    public function testWhoLeavesHasLeftThoughTheCookieWasKept(): void
    {
        $this->ask('POST', 'login', ['body' => ['secret' => self::SECRET]], self::SECRET);
        $this->enter(self::SECRET);
        $kept = $this->cookies;
        $this->ask('POST', 'login', ['body' => ['secret' => self::SECRET]], self::SECRET);
        $other = $this->cookies;
        $this->cookies = $kept;
        self::assertSame(200, $this->ask('POST', 'logout', [], self::SECRET)->status);
        $this->cookies = $kept;
        self::assertRefused(401, 'login', $this->ask('GET', 'api/tasks', [], self::SECRET));
        self::assertRefused(401, 'login', $this->ask('POST', 'api/imagine', ['body' => ['prompt' => 'a cat']], self::SECRET));
        $this->cookies = $other;
        self::assertSame(200, $this->ask('GET', 'api/tasks', [], self::SECRET)->status, 'another login is none of it');
    }

    public function testASessionCannotBeMadeUpAndEnds(): void
    {
        $this->enter();
        $session = new Session($this->settings());
        $request = fn (string $cookie) => new \Mj\Studio\Request('GET', '', [], [], [Session::COOKIE => $cookie]);
        $real = $this->cookies[Session::COOKIE];
        [$until, $number, $sign] = explode('.', $real);
        self::assertSame($number, $session->of($request($real), time()));
        self::assertNull($session->of($request($real), (int) $until));
        foreach (['', 'x', ($until + 1) . ".$number.$sign", "$until.$number." . strrev($sign), "$until.0$number.$sign"] as $false) {
            self::assertNull($session->of($request($false), time()), $false);
        }
        $other = new Session($this->settings('another secret'));
        self::assertNull($other->of($request($real), time()), 'a new secret ends all sessions');
    }

    public function testNobodyElseMayHaveTheDirectory(): void
    {
        $settings = $this->settings();
        chmod($settings->directory, 0755);
        $this->expectException(\ValueError::class);
        $this->expectExceptionMessage('chmod 700');
        $this->settings();
    }

    public function testAKeyThatCouldNotBeWrittenIsNoneAndDamagesNothing(): void
    {
        $directory = new StateDirectory();
        $code = 'require $argv[1]; ini_set("error_log", "/dev/null"); '
            . '$settings = new Mj\Studio\Settings("", $argv[2] . "/studio"); '
            . 'try { new Mj\Studio\Session($settings); } catch (RuntimeException $said) { echo $said->getMessage(); }';
        $run = ['bash', '-c', 'trap "" XFSZ; ulimit -f "$1"; shift; exec "$@"', 'bash', '0', PHP_BINARY, '-d', 'display_errors=stdout', '-r', $code, dirname(__DIR__, 2) . '/php/studio/autoload.php', $directory->path];
        self::assertSame("$directory->path/studio/key cannot be written", self::said($run));
        $run[4] = 'unlimited';
        self::assertSame('', self::said($run), 'when there is space again');
    }

    public function testAShortSecretIsNotTaken(): void
    {
        $this->expectException(\ValueError::class);
        $this->settings('short');
    }

    public function testTheDirectoryIsOfTheUserWhoRunsPhp(): void
    {
        if (posix_geteuid() !== 0 || !is_executable('/usr/bin/setpriv')) {
            self::markTestSkipped('needs root, who can be somebody else');
        }
        $directory = new StateDirectory();
        chmod($directory->path, 0777);
        $code = 'require $argv[1]; echo Mj\Studio\Settings::fromEnvironment()->directory;';
        $run = ['/usr/bin/setpriv', '--reuid=www-data', '--clear-groups', PHP_BINARY, '-d', "sys_temp_dir=$directory->path", '-r', $code, dirname(__DIR__, 2) . '/php/studio/autoload.php'];
        self::assertSame("$directory->path/mj-studio-www-data", self::said($run));
    }

    /** @param list<string> $command */
    private static function said(array $command): string
    {
        $process = proc_open($command, [['file', '/dev/null', 'r'], ['pipe', 'w'], 2 => ['redirect', 1]], $pipes);
        self::assertIsResource($process);
        $said = (string) stream_get_contents($pipes[1]);
        proc_close($process);

        return $said;
    }
}
