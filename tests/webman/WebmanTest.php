<?php

declare(strict_types=1);

namespace Mj\Tests\Webman;

use Mj\Event\TaskChanged;
use Mj\Event\TaskFinished;
use Mj\Testing\FakeMidjourney;
use Mj\Testing\Outcome;
use Mj\Tests\Frameworks\Site;
use Mj\Tests\Process\Cli;
use Mj\Tests\Process\Until;
use Mj\Webman\DoctorCommand;
use Mj\Webman\HubProcess;
use Mj\Webman\ImagineCommand;
use Mj\Webman\Install;
use Mj\Webman\Mj;
use Mj\Webman\ServeCommand;
use Mj\Webman\SyncCommand;
use PHPUnit\Framework\TestCase;
use Symfony\Component\Console\Command\Command;
use Symfony\Component\Console\Tester\CommandTester;
use Webman\Event\Event;
use Workerman\Timer;

/** Plugin, static class, process and commands on Webman's names, first with the fake, then forked, with the simulator. */
final class WebmanTest extends TestCase
{
    private const README = __DIR__ . '/../../php/Webman/README.md';

    private const PLACE = 'config/plugin/mj/client';

    private Site $site;

    private FakeMidjourney $mj;

    protected function setUp(): void
    {
        foreach (['Symfony/Component/Console/autoload.php', 'Psr/Log/autoload.php'] as $file) {
            if (stream_resolve_include_path($file) === false) {
                self::markTestSkipped("$file is not here: make setup-frameworks");
            }
            require_once $file;
        }
        $this->site = new Site(['posix']);
        $GLOBALS['webman'] = ['root' => $this->site->root];
        require_once __DIR__ . '/webman.php';
        mkdir("{$this->site->root}/runtime");
        Install::install();
        Event::clear();
        Timer::$timers = [];
        Mj::swap($this->mj = new FakeMidjourney());
    }

    protected function tearDown(): void
    {
        Mj::swap(null);
    }

    public function testInstallCopiesWhatIsNotThereAndUninstallTakesItsOwn(): void
    {
        $place = "{$this->site->root}/" . self::PLACE;
        foreach (['app', 'command', 'process'] as $name) {
            self::assertFileEquals(__DIR__ . '/../../php/Webman/' . self::PLACE . "/$name.php", "$place/$name.php");
        }
        file_put_contents("$place/app.php", '<?php return ["mine"];');
        unlink("$place/command.php");
        Install::install();
        self::assertSame(['mine'], require "$place/app.php", 'an update keeps what was changed');
        self::assertFileExists("$place/command.php");

        file_put_contents("$place/middleware.php", '<?php return [];');
        Install::uninstall();
        self::assertSame(["$place/middleware.php"], glob("$place/*"));
        unlink("$place/middleware.php");
        Install::uninstall();
        self::assertDirectoryDoesNotExist($place);
        // What Webman's hook for Composer looks for.
        self::assertTrue(constant('\\Mj\\Webman\\Install::WEBMAN_PLUGIN'));
        $autoload = json_decode((string) file_get_contents(__DIR__ . '/../../php/composer.json'), true)['autoload']['psr-4'];
        self::assertSame('Webman/', $autoload['Mj\\Webman\\']);
    }

    public function testTheConsoleFindsNamesAndDescriptions(): void
    {
        $commands = require "{$this->site->root}/" . self::PLACE . '/command.php';
        self::assertSame([ImagineCommand::class, SyncCommand::class, DoctorCommand::class, ServeCommand::class], $commands);
        foreach ($commands as $class) {
            $command = new $class();
            $properties = (new \ReflectionClass($class))->getStaticProperties();
            $attribute = (new \ReflectionClass($class))->getAttributes()[0]->newInstance();
            self::assertSame([$command->getName(), $command->getDescription()], [$properties['defaultName'], $properties['defaultDescription']]);
            self::assertSame([$command->getName(), $command->getDescription()], [$attribute->name, $attribute->description]);
            self::assertStringStartsWith('mj:', $command->getName());
        }
    }

    public function testACommandExitsWithWhatCameOfItAndShowsReasonsAsTheyAre(): void
    {
        $this->mj->will(Outcome::failure('BANNED_PROMPT', 'not <info>that</info>'), Outcome::stuck());
        [$status, $said] = $this->command(new ImagineCommand(), ['prompt' => 'a <info>dog</info>']);
        self::assertSame([1, 'not <info>that</info>'], [$status, substr(rtrim($said), -21)]);
        $this->mj->assertImagined('a <info>dog</info>');
        self::assertSame(2, $this->command(new ImagineCommand(), ['prompt' => 'a bird', '--timeout' => '1'])[0]);
        self::assertSame([1, "--timeout must be a number of seconds, 0 or more\n"], $this->command(new ImagineCommand(), ['prompt' => 'a bird', '--timeout' => 'x']));
        self::assertSame([1, "the client is not the extension's\n"], $this->command(new ServeCommand(), []));
        self::assertSame([1, "the extension mj is not loaded\n"], $this->command(new DoctorCommand(), []));
    }

    public function testTheHubTellsWebmansListenersAndTriesAgainAfterAPause(): void
    {
        $seen = [];
        $isBroken = true;
        Event::on(TaskChanged::class, static function (TaskChanged $event) use (&$seen): void {
            $seen[] = $event->task()->status->value;
        });
        Event::on(TaskFinished::class, static function (TaskFinished $event) use (&$seen, &$isBroken): void {
            $isBroken && throw new \RuntimeException('the disk is full');
            $seen[] = 'finished';
        });
        $hub = new HubProcess(pause: 60.0);
        $hub->onWorkerStart();
        self::assertCount(1, Timer::$timers);
        [, $slice] = Timer::$timers[0];
        $slice();
        self::assertSame([], $seen);
        $this->mj->wait($this->mj->imagine('a cat'));
        $slice();
        self::assertSame(['SUCCESS'], $seen);
        $log = (string) file_get_contents(runtime_path('default.log'));
        self::assertStringContainsString('error mj: RuntimeException in WebmanTest.php:', $log);
        self::assertStringContainsString('the disk is full', $log, 'with its words, and where it was thrown');
        self::assertStringContainsString('#0 ', $log);

        $isBroken = false;
        $slice();
        self::assertSame(['SUCCESS'], $seen, 'not before the pause is over');
        $soon = new HubProcess(pause: 0.0);
        $soon->slice();
        self::assertSame(['SUCCESS', 'SUCCESS', 'finished'], $seen);
        $soon->slice();
        self::assertCount(3, $seen);
        $hub->onWorkerStop();
        $soon->onWorkerStop();
    }

    public function testSettingsAreThePluginsFile(): void
    {
        $this->site->write(self::PLACE . '/app.php', '<?php return ["enable" => true, "config" => ["user_token" => getenv("MJ_NOT_SET") ?: null, "proxy" => "http://127.0.0.1:9"], "consumer" => "shop", "log_channel" => "mj"];');
        $settings = Mj::application()->settings();
        self::assertSame([['proxy' => 'http://127.0.0.1:9'], 'shop'], [$settings->config(), $settings->consumer()]);
        Mj::logger()->info('hello');
        self::assertFileExists(runtime_path('mj.log'));

        $config = require __DIR__ . '/../../php/Webman/' . self::PLACE . '/app.php';
        self::assertSame([], array_filter($config['config']), 'a new installation sets nothing');
        self::assertSame(HubProcess::class, (require __DIR__ . '/../../php/Webman/' . self::PLACE . '/process.php')['hub']['handler']);
    }

    public function testWithoutItsEventsNobodyIsToldAndNothingIsLost(): void
    {
        $said = Cli::run(<<<'PHP'
            require $data["tests"] . "/phpunit/bootstrap.php";
            $GLOBALS["webman"] = ["root" => $data["root"], "plugins" => false];
            require $data["tests"] . "/webman/webman.php";
            Mj\Webman\Mj::swap($mj = new Mj\Testing\FakeMidjourney());
            $mj->imagine("a cat");
            (new Mj\Webman\HubProcess())->slice();
            echo is_file(runtime_path("default.log")) ? "complained\n" : "quiet\n";
            $status = Mj\Framework\Sync::run(static fn () => Mj\Webman\Mj::application(), ["seconds" => "0"], static function (string $line): void { echo "$line\n"; });
            echo $status, " ", count($mj->events("webman")), "\n";
            PHP, [], ['root' => $this->site->root, 'tests' => dirname(__DIR__)]);
        self::assertMatchesRegularExpression('/^quiet\nLogicException in Mj\.php:\d+; it comes again\n1 1\n$/', $said);
        self::assertStringContainsString('webman/event is not installed', (string) file_get_contents(runtime_path('default.log')));
    }

    public function testTheHubIsServedAlsoWhereNobodyListens(): void
    {
        $config = ['enable' => true, 'config' => $this->site->settings()];
        $this->site->write(self::PLACE . '/app.php', '<?php return ' . var_export($config, true) . ';');
        $said = Cli::run(<<<'PHP'
            require $data["tests"] . "/phpunit/bootstrap.php";
            $GLOBALS["webman"] = ["root" => $data["root"], "plugins" => false];
            require $data["tests"] . "/webman/webman.php";
            $hub = new Mj\Webman\HubProcess();
            $begin = microtime(true);
            do {
                $hub->slice();
                $owner = mj_status()["owner"];
            } while (($owner["grade"] ?? "") !== "resident" && microtime(true) < $begin + 8.0);
            echo json_encode([$owner["pid"] === getmypid(), $owner["grade"]]);
            PHP, ['mj.shutdown_grace' => '0'], ['root' => $this->site->root, 'tests' => dirname(__DIR__)]);
        self::assertSame('[true,"resident"]', $said);
    }

    public function testTheTestOfAUserPasses(): void
    {
        preg_match_all('/^```php\n(use Mj.Testing.*?)^```$/ms', (string) file_get_contents(self::README), $blocks);
        self::assertCount(1, $blocks[1]);
        (static function (string $code): void {
            eval($code);
        })($blocks[1][0]);
    }

    public function testForkedProcessesDrawListenAndLook(): void
    {
        self::assertSame(['app/controller/PictureController.php', 'config/event.php', 'app/event/SavePicture.php'], $this->site->writeReadme(self::README));
        $this->site->write('config/env.php', '<?php foreach (' . var_export($this->site->settings(), true) . ' as $name => $value) { putenv("MJ_" . strtoupper($name) . "=$value"); }');
        $begin = '$GLOBALS["webman"] = ["root" => $data]; require "$data/config/env.php";';
        $server = new Cli($begin . 'require ' . var_export(__DIR__ . '/server.php', true) . ';', ['mj.shutdown_grace' => '1'], $this->site->root, true, self::extensions());
        $said = json_decode($server->line(), true);
        self::assertSame(1, $said['threads'], 'the master began the engine');
        self::assertCount(1, $said['pids']);

        self::assertSame('422 {"error":"prompt is missing"}', $this->page($begin, 'draw', [], []));
        $answer = $this->page($begin, 'draw', [], ['prompt' => 'a quiet harbour']);
        self::assertMatchesRegularExpression('/^200 \{"id":"[0-9A-Z]{26}"\}$/', $answer);
        $id = json_decode(substr($answer, 4), true)['id'];
        Until::true(fn (): bool => str_contains($this->page($begin, 'look', ['id' => $id], []), '"status":"SUCCESS"'), 40.0);
        self::assertSame('404 null', $this->page($begin, 'look', ['id' => '00000000000000000000000000'], []));
        Until::true(static fn (): bool => is_file(runtime_path("$id.png")) || glob(runtime_path('*.png')) !== [], 20.0, static fn (): string => (string) @file_get_contents(runtime_path('default.log')));

        // It is the process that owns the hub, and it hears Workerman within its patience.
        $owner = json_decode(Cli::run('echo json_encode(mj_status()["hubs"]);', ['mj.state_dir' => $this->site->settings()['state_dir']]), true)[0]['owner'];
        self::assertSame($said['pids'][0], $owner['pid']);
        $server->say("\n");
        $end = json_decode($server->line(), true);
        self::assertSame(0, $end['status']);
        self::assertLessThan(2.0, $end['seconds'] - 1.0, 'and the grace of a second');

        $log = (string) file_get_contents(runtime_path('default.log'));
        self::assertStringContainsString('was submitted', $log);
        self::assertStringNotContainsString('harbour', $log);
    }

    /**
     * A page of the application, in a process of its own.
     *
     * @param array<string, string> $get
     * @param array<string, string> $post
     */
    private function page(string $begin, string $action, array $get, array $post): string
    {
        $code = '[$data, $action, $get, $post] = $data; ' . $begin . ' require ' . var_export(dirname(__DIR__) . '/phpunit/bootstrap.php', true) . ';'
            . 'require ' . var_export(__DIR__ . '/webman.php', true) . '; require base_path("app/controller/PictureController.php");'
            . 'echo (new app\\controller\\PictureController())->$action(new support\\Request($get, $post));';

        return Cli::run($code, ['mj.shutdown_grace' => '0'], [$this->site->root, $action, $get, $post]);
    }

    /** @return list<string> */
    private static function extensions(): array
    {
        return is_file((string) ini_get('extension_dir') . '/posix.so') ? ['posix'] : [];
    }

    /**
     * @param array<string, string> $parameters
     *
     * @return array{int, string}
     */
    private function command(Command $command, array $parameters): array
    {
        $tester = new CommandTester($command);
        $status = $tester->execute($parameters);

        return [$status, $tester->getDisplay()];
    }
}
