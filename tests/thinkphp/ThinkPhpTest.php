<?php

declare(strict_types=1);

namespace Mj\Tests\ThinkPHP;

use Mj\ChatMoney\SyncCommand as ChatMoneySync;
use Mj\Client;
use Mj\Event\TaskChanged;
use Mj\Event\TaskFinished;
use Mj\FailCode;
use Mj\Midjourney;
use Mj\Testing\FakeMidjourney;
use Mj\Testing\Outcome;
use Mj\Tests\Frameworks\Site;
use Mj\Tests\Process\Cli;
use Mj\Tests\Process\StateDirectory;
use Mj\Tests\Process\Until;
use Mj\ThinkPHP\DoctorCommand;
use Mj\ThinkPHP\ImagineCommand;
use Mj\ThinkPHP\Mj;
use Mj\ThinkPHP\ServeCommand;
use Mj\ThinkPHP\Service;
use Mj\ThinkPHP\SyncCommand;
use PHPUnit\Framework\TestCase;
use think\App;
use think\Console;
use think\console\Command;
use think\console\Input;
use think\console\Output;
use think\Facade;
use think\queue\Job;

/** The service, the facade and the commands, on ThinkPHP's names or on a real ThinkPHP (MJ_THINKPHP). */
final class ThinkPhpTest extends TestCase
{
    private const README = __DIR__ . '/../../php/ThinkPHP/README.md';

    private FakeMidjourney $mj;

    private App $app;

    private string $root;

    protected function setUp(): void
    {
        require_once __DIR__ . '/think.php';
        $this->root = sys_get_temp_dir() . '/mj-think-' . bin2hex(random_bytes(6)) . '/';
        mkdir($this->root . 'config', 0700, true);
        file_put_contents($this->root . 'config/cache.php', "<?php return ['default' => 'file', 'stores' => ['file' => ['type' => 'File', 'path' => '$this->root']]];");
        file_put_contents($this->root . 'config/log.php', "<?php return ['default' => 'file', 'channels' => ['file' => ['type' => 'File', 'path' => '$this->root']]];");
        Console::flushStartCallbacks();
        $this->mj = new FakeMidjourney();
        $this->app = new App($this->root);
        $this->app->bind(Client::class, fn (): Client => $this->mj);
        (new Service($this->app))->register();
    }

    protected function tearDown(): void
    {
        exec('rm -rf ' . escapeshellarg($this->root));
    }

    public function testTheServiceAddsTheCommandsAndTheClient(): void
    {
        $service = new Service($this->app);
        $service->boot();
        $console = new Console($this->app);
        foreach (['mj:imagine', 'mj:sync', 'mj:doctor', 'mj:serve'] as $name) {
            self::assertTrue($console->hasCommand($name), $name);
        }
    }

    public function testTheClientHasTheSettingsOfItsFile(): void
    {
        $state = new StateDirectory();
        $config = require __DIR__ . '/../../php/ThinkPHP/config.php';
        self::assertSame([], array_filter($config['config']), 'a new installation sets nothing');
        self::assertSame('thinkphp', $config['consumer']);
        $config['config'] = ['state_dir' => $state->path, 'role' => 'never', 'bot_token' => 'a-bot-token', 'guild_id' => '100000000000000001', 'channel_id' => '100000000000000002'];
        $seen = json_decode($this->withExtension(<<<'PHP'
            $client = $app->make(Mj\Client::class);
            echo json_encode([$client::class, $client->status()["hub"], $client === $app->make(Mj\Client::class)]);
            PHP, $config), true);
        self::assertSame([Midjourney::class, true], [$seen[0], $seen[2]]);
        self::assertIsString($seen[1], 'which make a hub');
    }

    public function testTheFacadeIsTheClient(): void
    {
        if (property_exists(Facade::class, 'app')) {
            Facade::$app = $this->app;
        }
        Mj::imagine('a cat');
        $this->mj->assertImagined('a cat');
    }

    public function testImagineShowsEachChangeAndSavesThePictures(): void
    {
        [$status, $said] = $this->command(new ImagineCommand(), 'a cat', "--directory=$this->root");
        self::assertSame(0, $status, $said);
        self::assertMatchesRegularExpression('/ SUCCESS 100 %\nhttps:.*\n.*\.png\n$/', $said);
        $lines = explode("\n", trim($said));
        self::assertFileExists((string) end($lines));

        $this->mj->will(Outcome::failure(FailCode::BANNED_PROMPT, 'a banned word'), Outcome::stuck());
        self::assertSame([1, "a banned word\n"], [($failed = $this->command(new ImagineCommand(), 'a dog'))[0], substr($failed[1], -14)]);
        self::assertSame(2, $this->command(new ImagineCommand(), 'a bird', '--timeout=1')[0]);
        [$status, $said] = $this->command(new ImagineCommand(), '');
        self::assertSame(1, $status);
        self::assertStringContainsString('prompt', $said);
    }

    public function testSyncTellsListenersOfEachChangeUntilTheyTakeIt(): void
    {
        $seen = [];
        $isBroken = true;
        $this->app->event->listen(TaskChanged::class, static function (TaskChanged $event) use (&$seen): void {
            $seen[] = $event->task()->status->value;
        });
        $this->app->event->listen(TaskFinished::class, static function (TaskFinished $event) use (&$seen, &$isBroken): void {
            $isBroken && throw new \RuntimeException('the disk is full of a-secret');
            $seen[] = $event->task()->status->value;
        });
        $task = $this->mj->imagine('a cat');
        self::assertSame(0, $this->command(new SyncCommand(), '--seconds=0')[0]);
        $this->mj->wait($task);

        [$status, $said] = $this->command(new SyncCommand(), '--seconds=0');
        self::assertSame(1, $status);
        self::assertMatchesRegularExpression('/^RuntimeException in ThinkPhpTest\.php:\d+; it comes again\n$/', $said);
        $isBroken = false;
        self::assertSame(0, $this->command(new SyncCommand(), '--seconds=0')[0]);
        self::assertSame('SUCCESS', end($seen));
        self::assertSame([0, "0 changes\n"], $this->command(new SyncCommand(), '--seconds=0'));
    }

    public function testWhatTheApplicationProvidesGoesFirst(): void
    {
        self::assertSame($this->mj, $this->app->make(Client::class));
        $this->app->config->set(['commands' => [ChatMoneySync::class]], 'console');
        (new Service($this->app))->boot();
        $console = new Console($this->app);
        self::assertTrue($console->hasCommand('mj:imagine'));
        if (getenv('MJ_THINKPHP') === false) {
            self::assertFalse($console->hasCommand('mj:sync'), 'the bridge\'s command was replaced');
        } else {
            self::assertInstanceOf(ChatMoneySync::class, $console->getCommand('mj:sync'));
        }
    }

    public function testReasonsAreShownAsTheyAre(): void
    {
        $this->mj->will(Outcome::failure(FailCode::BANNED_PROMPT, 'not <info>that</info>'));
        self::assertStringEndsWith("\nnot <info>that</info>\n", $this->command(new ImagineCommand(), 'a dog')[1]);
    }

    public function testAJobGoesBackToTheQueueUntilThePictureIsThere(): void
    {
        $site = new Site();
        $site->writeReadme(self::README);
        require "$site->root/app/job/Upscale.php";
        $task = $this->mj->imagine('a cat');
        $handler = new \app\job\Upscale($this->mj);
        $job = $this->createMock(Job::class);
        $job->expects(self::once())->method('release')->with(5);
        $job->expects(self::once())->method('delete');
        $handler->fire($job, ['id' => $task->id]);
        $this->mj->assertSubmittedCount(1);

        $this->mj->wait($task);
        $handler->fire($job, ['id' => $task->id]);
        $this->mj->assertPressed($task, 'upscale2');
    }

    public function testTheTestOfAUserPasses(): void
    {
        preg_match_all('/^```php\n(use Mj.Client;\nuse Mj.Testing.*?)^```$/ms', (string) file_get_contents(self::README), $blocks);
        self::assertCount(1, $blocks[1]);
        (static function (string $code): void {
            eval($code);
        })($blocks[1][0]);
    }

    public function testComposerAndTheConsoleFindServiceAndSettings(): void
    {
        $extra = json_decode((string) file_get_contents(__DIR__ . '/../../php/composer.json'), true, 16, JSON_THROW_ON_ERROR)['extra']['think'];
        self::assertSame([Service::class], $extra['services']);
        self::assertFileExists(__DIR__ . "/../../php/{$extra['config']['mj']}");
    }

    public function testDrawsListensAndLooksInRealProcesses(): void
    {
        $site = new Site(['ctype', 'mbstring']);
        self::assertSame(['app/controller/Picture.php', 'app/listener/SavePicture.php', 'app/event.php', 'app/job/Upscale.php'], $site->writeReadme(self::README));
        mkdir("$site->root/runtime");
        $site->write('config/mj.php', '<?php return ' . var_export(['config' => $site->settings()], true) . ';');
        $site->write('config/cache.php', (string) file_get_contents($this->root . 'config/cache.php'));
        $site->write('config/log.php', (string) file_get_contents($this->root . 'config/log.php'));
        // `php think`, and a controller that the command line names.
        $site->write('think', '<?php $tests = ' . var_export(dirname(__DIR__), true) . ';' . <<<'PHP'
            require "$tests/phpunit/bootstrap.php";
            require "$tests/thinkphp/think.php";
            spl_autoload_register(static function (string $class): void {
                is_file($path = __DIR__ . '/' . str_replace('\\', '/', $class) . '.php') && require $path;
            });
            $app = new think\App(__DIR__ . '/');
            $app->config->set(require __DIR__ . '/config/mj.php', 'mj');
            $app->config->set(require __DIR__ . '/config/log.php', 'log');
            $app->config->set(require __DIR__ . '/config/cache.php', 'cache');
            $app->event->listenEvents((require __DIR__ . '/app/event.php')['listen']);
            (new Mj\ThinkPHP\Service($app))->register();
            [, $name] = $argv;
            if (!str_starts_with($name, 'mj:')) {
                exit(json_encode($app->make(app\controller\Picture::class)->$name($argv[2])));
            }
            $class = 'Mj\\ThinkPHP\\' . ucfirst(substr($name, 3)) . 'Command';
            $command = new $class();
            $command->setApp($app);
            $output = new think\console\Output('buffer');
            $status = $command->run(new think\console\Input(array_slice($argv, 2)), $output);
            echo $output->fetch();
            exit($status);
            PHP);

        [$status, $said] = $site->run('think', 'mj:imagine', 'a lighthouse', "--directory=$site->root/runtime", '--timeout=50');
        self::assertSame(0, $status, $said);
        self::assertCount(1, (array) glob("$site->root/runtime/*.png"));

        $serve = $site->start('think', 'mj:serve', '--seconds=50');
        $id = json_decode($site->run('think', 'draw', 'a quiet harbour')[1], true)['id'];
        Until::true(static fn (): bool => json_decode($site->run('think', 'look', $id)[1], true)['status'] === 'SUCCESS', 40.0);
        self::assertSame([0, "2 changes\n"], $site->run('think', 'mj:sync', '--seconds=0'));
        self::assertCount(2, (array) glob("$site->root/runtime/*.png"), 'the listener saved the other one');
        self::assertSame([0, "0 changes\n"], $site->run('think', 'mj:sync', '--seconds=0'));
        $serve->signal(SIGTERM);
        $serve->wait(20.0);
        self::assertSame(0, $serve->exitCode());
    }

    public function testWhatNeedsTheExtensionSaysSo(): void
    {
        self::assertSame([1, "the client is not the extension's\n"], $this->command(new ServeCommand()));
        self::assertSame([1, "the extension mj is not loaded\n"], $this->command(new DoctorCommand()));
    }

    public function testTheDoctorLooksAtTheSettingsOfTheFile(): void
    {
        $state = new StateDirectory();
        $said = $this->withExtension(<<<'PHP'
            $command = new Mj\ThinkPHP\DoctorCommand();
            $command->setApp($app);
            $output = new think\console\Output('buffer');
            $status = $command->run(new think\console\Input([]), $output);
            echo $status, "\n", $output->fetch();
            PHP, ['config' => [
            'state_dir' => $state->path, 'role' => 'never', 'bot_token' => 'a-bot-token', 'guild_id' => '100000000000000001', 'channel_id' => '100000000000000002',
            'api_url' => 'http://127.0.0.1:9', 'gateway_url' => 'ws://127.0.0.1:9', 'cdn_url' => 'http://127.0.0.1:9',
        ]]);
        self::assertStringStartsWith("1\n", $said, 'nobody answers at these addresses');
        self::assertStringContainsString('127.0.0.1:9', $said);
        self::assertStringNotContainsString('a-bot-token', $said);
    }

    /**
     * Runs code with `$app` and the extension in a process of its own; gives what it echoed.
     *
     * @param array<string, mixed> $config of config/mj.php
     */
    private function withExtension(string $code, array $config): string
    {
        $begin = <<<'PHP'
            require $data["root"] . "/tests/phpunit/bootstrap.php";
            require $data["root"] . "/tests/thinkphp/think.php";
            $app = new think\App($data["directory"]);
            $app->config->set($data["config"], "mj");
            (new Mj\ThinkPHP\Service($app))->register();
            PHP;
        $data = ['root' => dirname(__DIR__, 2), 'directory' => $this->root, 'config' => $config];

        return Cli::run($begin . $code, [], $data, 60.0, (string) getenv('MJ_THINKPHP') === '' ? [] : ['ctype', 'mbstring']);
    }

    /** @return array{int, string} exit code and what it wrote */
    private function command(Command $command, string ...$arguments): array
    {
        $command->setApp($this->app);
        $output = new Output('buffer');
        $status = $command->run(new Input($arguments), $output);

        return [$status, $output->fetch()];
    }
}
