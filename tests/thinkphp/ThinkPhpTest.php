<?php

declare(strict_types=1);

namespace Mj\Tests\ThinkPHP;

use Mj\Client;
use Mj\Event\TaskChanged;
use Mj\Event\TaskFinished;
use Mj\FailCode;
use Mj\Midjourney;
use Mj\Testing\FakeMidjourney;
use Mj\Testing\Outcome;
use Mj\Tests\Process\Cli;
use Mj\Tests\Process\StateDirectory;
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

/** The service, the facade and the commands, on ThinkPHP's names or on a real ThinkPHP (MJ_THINKPHP). */
final class ThinkPhpTest extends TestCase
{
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
        $this->mj = new FakeMidjourney();
        $this->app = new App($this->root);
        $this->app->bind(Client::class, fn (): Client => $this->mj);
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
        self::assertSame(['config' => [], 'consumer' => 'thinkphp'], $config);
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
