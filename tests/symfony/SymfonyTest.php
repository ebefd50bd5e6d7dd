<?php

declare(strict_types=1);

namespace Mj\Tests\Symfony;

use Mj\Client;
use Mj\Event\TaskFinished;
use Mj\FailCode;
use Mj\Symfony\DependencyInjection\Configuration;
use Mj\Testing\FakeMidjourney;
use Mj\Testing\Outcome;
use Mj\Tests\Frameworks\Site;
use Mj\Tests\Process\Until;
use PHPUnit\Framework\TestCase;
use Symfony\Bundle\FrameworkBundle\Console\Application;
use Symfony\Component\Config\Definition\Exception\InvalidConfigurationException;
use Symfony\Component\Config\Definition\Processor;
use Symfony\Component\Console\Command\LazyCommand;
use Symfony\Component\Console\Tester\ApplicationTester;

/** Bundle, settings, events, log and commands in a real kernel, first with the fake, then with the simulator. */
final class SymfonyTest extends TestCase
{
    private const README = __DIR__ . '/../../php/Symfony/README.md';

    /** Of PHP, where they are not built in. */
    private const EXTENSIONS = ['ctype', 'iconv', 'intl', 'mbstring', 'posix', 'tokenizer'];

    private Site $site;

    protected function setUp(): void
    {
        if (Packages::missing() !== null) {
            self::markTestSkipped('nothing is known of Symfony: ' . Packages::missing());
        }
        $this->site = new Site(self::EXTENSIONS);
        $files = $this->site->writeReadme(self::README);
        self::assertCount(8, $files, implode(' ', $files));
        mkdir($this->site->root . '/pictures');
        $this->site->write('config/packages/messenger.yaml', 'framework: {messenger: {transports: {later: "in-memory://"}, routing: {App\Message\Upscale: later}}}');
        $this->site->write('config/packages/framework.yaml', 'framework: {secret: test, http_method_override: false}');
        $this->site->write('config/services.yaml', <<<'YAML'
            services:
                _defaults: {autowire: true, autoconfigure: true}
                App\: {resource: '../src/', exclude: ['../src/Message/']}
                App\MessageHandler\UpscaleHandler: {public: true}
                logger: {class: Symfony\Component\HttpKernel\Log\Logger, arguments: [info, '%kernel.project_dir%/app.log']}
            YAML);
    }

    public function testTheCommandsAreListedAndTheClientIsMadeLate(): void
    {
        $kernel = $this->kernel('prod');
        [$status, $said] = $this->console($kernel, 'list', ['namespace' => 'mj']);
        self::assertSame(0, $status, $said);
        foreach (['mj:imagine  Draw with Midjourney', 'mj:sync  ', 'mj:doctor  ', 'mj:serve  '] as $line) {
            self::assertStringContainsString($line, preg_replace('/  +/', '  ', $said));
        }
        self::assertInstanceOf(LazyCommand::class, (new Application($kernel))->all('mj')['mj:sync']);
        self::assertSame([1, "the extension mj is not loaded\n"], $this->console($kernel, 'mj:imagine', ['prompt' => 'a cat']));
        self::assertSame([1, "the extension mj is not loaded\n"], $this->console($kernel, 'mj:doctor'));
    }

    public function testSettingsComeFromTheEnvironmentWhenTheyAreNeeded(): void
    {
        $tree = (new Processor())->processConfiguration(new Configuration(), []);
        self::assertSame(['config' => [], 'consumer' => 'symfony', 'tell_at_once' => false], $tree);

        $this->site->write('config/services_prod.yaml', "services:\n    App\\SettingsOf: {class: stdClass, public: true, properties: {settings: '@mj.settings'}}\n");
        $kernel = $this->kernel('prod');
        $settings = $kernel->getContainer()->get('App\\SettingsOf')->settings;
        self::assertNull($settings->config(), 'php.ini has it all');
        self::assertSame('symfony', $settings->consumer());
        foreach ((array) glob($kernel->getCacheDir() . '/*.{php,xml}', GLOB_BRACE) as $file) {
            self::assertStringNotContainsString('a-user-token', (string) file_get_contents((string) $file));
        }

        $_ENV['MJ_USER_TOKEN'] = 'a-user-token';
        try {
            $kernel = $this->kernel('prod');
            self::assertSame(['user_token' => 'a-user-token'], $kernel->getContainer()->get('App\\SettingsOf')->settings->config());
            exec('grep -rl a-user-token ' . escapeshellarg($kernel->getCacheDir()), $found);
            self::assertSame([], $found, 'a secret is in the compiled container');
        } finally {
            unset($_ENV['MJ_USER_TOKEN']);
        }
    }

    /** @dataProvider wrong */
    public function testWrongSettingsAreRefused(array $settings, string $named): void
    {
        $this->expectException(InvalidConfigurationException::class);
        $this->expectExceptionMessageMatches("/$named/");
        (new Processor())->processConfiguration(new Configuration(), [$settings]);
    }

    /** @return iterable<string, array{array<string, mixed>, string}> */
    public function wrong(): iterable
    {
        yield 'unknown' => [['consumers' => 'x'], '"consumers"'];
        yield 'config' => [['config' => 'x'], '"mj\.config"'];
        yield 'tell_at_once' => [['tell_at_once' => 'x'], '"mj\.tell_at_once"'];
    }

    public function testAFakeReplacesTheClientEverywhere(): void
    {
        $kernel = $this->kernel('test');
        $mj = $this->fake($kernel);
        $mj->will(Outcome::failure(FailCode::BANNED_PROMPT, 'not <info>that</info>'), Outcome::stuck());
        [$status, $said] = $this->console($kernel, 'mj:imagine', ['prompt' => 'a <info>dog</info>']);
        self::assertSame([1, 'not <info>that</info>'], [$status, substr(rtrim($said), -21)]);
        $mj->assertImagined('a <info>dog</info>');
        self::assertSame(2, $this->console($kernel, 'mj:imagine', ['prompt' => 'a bird', '--timeout' => '1'])[0]);
        self::assertSame([1, "--timeout must be a number of seconds, 0 or more\n"], $this->console($kernel, 'mj:imagine', ['prompt' => 'a bird', '--timeout' => 'x']));
        self::assertSame([1, "the client is not the extension's\n"], $this->console($kernel, 'mj:serve'));
    }

    public function testSyncTellsSymfonysListenersUntilTheyTakeIt(): void
    {
        $kernel = $this->kernel('test');
        $mj = $this->fake($kernel);
        $dispatcher = $kernel->getContainer()->get('event_dispatcher');
        $seen = [];
        $isBroken = true;
        $dispatcher->addListener(TaskFinished::class, static function (TaskFinished $event) use (&$seen, &$isBroken): void {
            $isBroken && throw new \RuntimeException('the disk is full');
            $seen[] = $event->task()->id;
        }, 100);
        $task = $mj->wait($mj->imagine('a cat'));
        [$status, $said] = $this->console($kernel, 'mj:sync', ['--seconds' => '0']);
        self::assertSame(1, $status);
        self::assertStringContainsString('RuntimeException in SymfonyTest.php:', $said);
        self::assertStringEndsWith("; it comes again\n", $said);
        self::assertStringContainsString('mj: a listener failed', $this->log());

        $isBroken = false;
        self::assertSame([0, "1 change\n"], $this->console($kernel, 'mj:sync', ['--seconds' => '0']));
        self::assertSame([$task->id], $seen);
        self::assertCount(1, (array) glob("{$this->site->root}/pictures/*"), 'the listener of the README saved it');
    }

    public function testAMessageIsSentAgainLaterUntilThePictureIsThere(): void
    {
        $kernel = $this->kernel('test');
        $mj = $this->fake($kernel);
        $task = $mj->imagine('a cat');
        $handler = $kernel->getContainer()->get('App\\MessageHandler\\UpscaleHandler');
        $message = 'App\\Message\\Upscale';
        $handler(new $message($task->id));
        $mj->assertSubmittedCount(1);
        $mj->wait($task);
        $handler(new $message($task->id));
        $mj->assertPressed($task, 'upscale2');
    }

    public function testDrawsListensAndLooksInRealProcesses(): void
    {
        $variables = '';
        foreach ($this->site->settings() as $name => $value) {
            $variables .= '$_ENV["MJ_' . strtoupper($name) . '"] = ' . var_export($value, true) . ';';
        }
        $begin = '<?php ' . $variables . 'require_once ' . var_export(dirname(__DIR__) . '/phpunit/bootstrap.php', true) . ';'
            . 'Mj\Tests\Symfony\Packages::missing(); $kernel = new Mj\Tests\Symfony\Kernel(__DIR__ . "/..", "prod");';
        $this->site->write('bin/console', $begin . '(new Symfony\Bundle\FrameworkBundle\Console\Application($kernel))->run();');
        // What public/index.php is, for one request that the command line names.
        $this->site->write('bin/request', $begin . <<<'PHP'
            $request = Symfony\Component\HttpFoundation\Request::create($argv[2], $argv[1], json_decode($argv[3] ?? '[]', true));
            $response = $kernel->handle($request);
            echo $response->getStatusCode(), ' ', $response->getContent();
            $kernel->terminate($request, $response);
            PHP);

        [$status, $said] = $this->site->run('bin/console', 'mj:doctor');
        self::assertStringContainsString($this->site->settings()['guild_id'], $said);
        self::assertStringNotContainsString($this->site->settings()['user_token'], $said);
        self::assertSame(str_contains($said, 'failed  ') ? 1 : 0, $status, $said);

        mkdir("{$this->site->root}/drawn");
        [$status, $said] = $this->site->run('bin/console', 'mj:imagine', 'a lighthouse', "--directory={$this->site->root}/drawn", '--timeout=50');
        self::assertSame(0, $status, $said);
        self::assertCount(1, (array) glob("{$this->site->root}/drawn/*.png"));

        // Pages submit and look, each in a process of its own.
        self::assertStringStartsWith('422 ', $this->site->run('bin/request', 'POST', '/pictures', '{}')[1]);
        self::assertStringStartsWith('404 ', $this->site->run('bin/request', 'GET', '/pictures/00000000000000000000000000')[1]);
        $serve = $this->site->start('bin/console', 'mj:serve', '--seconds=50');
        $said = $this->site->run('bin/request', 'POST', '/pictures', '{"prompt": "a quiet harbour"}')[1];
        self::assertMatchesRegularExpression('/200 \{"id":"[0-9A-Z]{26}"\}/', $said);
        $id = json_decode(substr($said, (int) strpos($said, '{"id"')), true)['id'];
        Until::true(fn (): bool => str_contains($this->site->run('bin/request', 'GET', "/pictures/$id")[1], '"SUCCESS"'), 40.0);

        // The listener saves both pictures, once each.
        [$status, $said] = $this->site->run('bin/console', 'mj:sync', '--seconds=0');
        self::assertSame([0, true], [$status, str_ends_with($said, "2 changes\n")], $said);
        self::assertCount(2, (array) glob("{$this->site->root}/pictures/*.png"));
        self::assertSame(0, $this->site->run('bin/console', 'mj:sync', '--seconds=0')[0]);
        $serve->signal(SIGTERM);
        $serve->wait(20.0);
        self::assertSame(0, $serve->exitCode());

        self::assertSame(1, substr_count($this->log(), "IMAGINE $id was submitted"), $this->log());
        self::assertStringNotContainsString('a quiet harbour', $this->log());
    }

    private function log(): string
    {
        return (string) file_get_contents("{$this->site->root}/app.log");
    }

    private function kernel(string $environment): Kernel
    {
        $kernel = new Kernel($this->site->root, $environment);
        $kernel->boot();

        return $kernel;
    }

    private function fake(Kernel $kernel): FakeMidjourney
    {
        $mj = $kernel->getContainer()->get(Client::class);
        self::assertInstanceOf(FakeMidjourney::class, $mj);

        return $mj;
    }

    /**
     * @param array<string, mixed> $parameters
     *
     * @return array{int, string}
     */
    private function console(Kernel $kernel, string $command, array $parameters = []): array
    {
        $application = new Application($kernel);
        $application->setAutoExit(false);
        $tester = new ApplicationTester($application);
        $status = $tester->run(['command' => $command] + $parameters);

        return [$status, $tester->getDisplay()];
    }
}
