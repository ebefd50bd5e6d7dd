<?php

declare(strict_types=1);

namespace Mj\Tests\Laravel;

use Illuminate\Container\Container;
use Illuminate\Contracts\Console\Kernel;
use Illuminate\Contracts\Queue\Job;
use Illuminate\Foundation\Application;
use Illuminate\Support\Facades\Facade;
use Mj\Client;
use Mj\Event\TaskChanged;
use Mj\Event\TaskFinished;
use Mj\Framework\Settings;
use Mj\Laravel\Facades\Mj;
use Mj\Testing\Outcome;
use Mj\Tests\Frameworks\Site;
use Mj\Tests\Process\Until;
use PHPUnit\Framework\TestCase;

/** Provider, facade, events, log and commands in a real Laravel, first with the fake, then with the simulator. */
final class LaravelTest extends TestCase
{
    /** Of PHP, where they are not built in. */
    private const EXTENSIONS = ['ctype', 'dom', 'fileinfo', 'mbstring', 'tokenizer', 'posix', 'iconv', 'intl', 'pdo'];

    private Site $site;

    protected function setUp(): void
    {
        if (Skeleton::load() !== null) {
            self::markTestSkipped('nothing is known of Laravel: ' . Skeleton::load());
        }
        $this->site = new Site(self::EXTENSIONS);
        Skeleton::write($this->site->root);
    }

    protected function tearDown(): void
    {
        Facade::clearResolvedInstances();
        Facade::setFacadeApplication(null);
        Container::setInstance(null);
    }

    public function testThePackageIsDiscoveredWithItsCommandsAndItsAlias(): void
    {
        $app = $this->app();
        $commands = $app->make(Kernel::class)->all();
        foreach (['mj:imagine', 'mj:sync', 'mj:doctor', 'mj:serve'] as $name) {
            self::assertArrayHasKey($name, $commands);
            self::assertNotSame('', $commands[$name]->getDescription());
        }
        self::assertSame(['Mj' => Mj::class], $app->make(\Illuminate\Foundation\PackageManifest::class)->aliases());
    }

    public function testTheSettingsAreTheFilesAndNothingIsMadeBeforeItIsAskedFor(): void
    {
        $app = $this->app();
        self::assertNull($app->make(Settings::class)->config(), 'no variable is set: php.ini has it all');
        self::assertSame('laravel', $app->make(Settings::class)->consumer());
        self::assertFalse($app->resolved(Client::class));
        self::assertTrue($app->isShared(Client::class), 'the settings are applied once');

        $this->site->write('config/mj.php', "<?php return ['config' => ['proxy' => 'http://127.0.0.1:9'], 'consumer' => 'shop'];");
        $app = $this->app();
        self::assertSame(['proxy' => 'http://127.0.0.1:9'], $app->make(Settings::class)->config());
        self::assertSame('shop', $app->make(Settings::class)->consumer());
    }

    public function testTheFakeIsEverybodysClient(): void
    {
        $app = $this->app();
        $mj = Mj::fake();
        self::assertSame($mj, $app->make(Client::class));
        Mj::imagine('a cat');
        $mj->assertImagined('a cat');
        [$status, $said] = $this->artisan($app, 'mj:imagine', ['prompt' => 'a <info>dog</info>']);
        self::assertSame(0, $status, $said);
        $mj->assertImagined('a <info>dog</info>');
    }

    public function testACommandExitsWithWhatCameOfItAndShowsReasonsAsTheyAre(): void
    {
        $app = $this->app();
        Mj::fake(Outcome::failure('BANNED_PROMPT', 'not <info>that</info>'), Outcome::stuck());
        [$status, $said] = $this->artisan($app, 'mj:imagine', ['prompt' => 'a dog']);
        self::assertSame([1, 'not <info>that</info>'], [$status, substr(rtrim($said), -21)]);
        self::assertSame(2, $this->artisan($app, 'mj:imagine', ['prompt' => 'a bird', '--timeout' => '1'])[0]);
        self::assertSame([1, "--timeout must be a number of seconds, 0 or more\n"], $this->artisan($app, 'mj:imagine', ['prompt' => 'a bird', '--timeout' => 'x']));
        self::assertSame([1, "the client is not the extension's\n"], $this->artisan($app, 'mj:serve'));
    }

    public function testSyncTellsLaravelsListenersUntilTheyTakeIt(): void
    {
        $app = $this->app();
        $mj = Mj::fake();
        $seen = [];
        $isBroken = true;
        $app->make('events')->listen(TaskChanged::class, static function (TaskChanged $event) use (&$seen): void {
            $seen[] = $event->task()->status->value;
        });
        $app->make('events')->listen(TaskFinished::class, static function (TaskFinished $event) use (&$seen, &$isBroken): void {
            $isBroken && throw new \RuntimeException('the disk is full');
            $seen[] = 'finished';
        });
        $mj->wait($mj->imagine('a cat'));
        [$status, $said] = $this->artisan($app, 'mj:sync', ['--seconds' => '0']);
        self::assertSame(1, $status);
        self::assertMatchesRegularExpression('/^RuntimeException in LaravelTest\.php:\d+; it comes again\n$/', $said);
        self::assertStringContainsString('the disk is full', (string) file_get_contents("{$this->site->root}/storage/logs/laravel.log"), 'reported as every exception is');

        $isBroken = false;
        self::assertSame([0, "1 change\n"], $this->artisan($app, 'mj:sync', ['--seconds' => '0']));
        self::assertSame(['SUCCESS', 'SUCCESS', 'finished'], $seen);
        self::assertSame([0, "0 changes\n"], $this->artisan($app, 'mj:sync', ['--seconds' => '0']));
    }

    public function testAJobGoesBackToTheQueueUntilThePictureIsThere(): void
    {
        $this->site->writeReadme(__DIR__ . '/../../php/Laravel/README.md');
        $app = $this->app();
        $mj = Mj::fake();
        $task = $mj->imagine('a cat');
        $class = 'App\\Jobs\\Upscale';
        $job = new $class($task->id);
        $queued = $this->createMock(Job::class);
        $queued->expects(self::once())->method('release')->with(5);
        $job->setJob($queued);
        $app->call([$job, 'handle']);
        $mj->assertSubmittedCount(1);

        $mj->wait($task);
        $app->call([$job, 'handle']);
        $mj->assertPressed($task, 'upscale2');
    }

    public function testTheTestOfAUserPasses(): void
    {
        $this->app();
        preg_match_all('/^```php\n(use Mj.Laravel.Facades.Mj;\nuse Mj.Testing.*?)^```$/ms', (string) file_get_contents(__DIR__ . '/../../php/Laravel/README.md'), $blocks);
        self::assertCount(1, $blocks[1]);
        (static function (string $code): void {
            eval($code);
        })($blocks[1][0]);
    }

    public function testDrawsListensAndLooksInRealProcesses(): void
    {
        $this->site->write('.env', $this->site->environment() . "MJ_LOG_CHANNEL=pictures\n");
        $files = $this->site->writeReadme(__DIR__ . '/../../php/Laravel/README.md');
        self::assertSame(['routes/web.php', 'app/Listeners/SavePicture.php', 'app/Providers/EventServiceProvider.php', 'app/Jobs/Upscale.php'], $files);

        [$status, $said] = $this->site->run('artisan', 'vendor:publish', '--tag=mj-config');
        self::assertSame(0, $status, $said);
        self::assertFileEquals(__DIR__ . '/../../php/Laravel/config.php', "{$this->site->root}/config/mj.php");

        [$status, $said] = $this->site->run('artisan', 'mj:doctor');
        self::assertStringContainsString($this->site->settings()['guild_id'], $said);
        self::assertStringNotContainsString($this->site->settings()['user_token'], $said);
        self::assertSame(str_contains($said, 'failed  ') ? 1 : 0, $status, $said);

        mkdir("{$this->site->root}/pictures");
        [$status, $said] = $this->site->run('artisan', 'mj:imagine', 'a lighthouse', '--directory=' . "{$this->site->root}/pictures", '--timeout=50');
        self::assertSame(0, $status, $said);
        self::assertCount(1, (array) glob("{$this->site->root}/pictures/*.png"));

        // Pages submit and look, each in a process of its own.
        self::assertStringStartsWith('422 ', $this->site->run('request', 'POST', '/pictures', '{}')[1]);
        self::assertStringStartsWith('404 ', $this->site->run('request', 'GET', '/pictures/00000000000000000000000000')[1]);
        $serve = $this->site->start('artisan', 'mj:serve', '--seconds=50');
        [, $said] = $this->site->run('request', 'POST', '/pictures', '{"prompt": "a quiet harbour"}');
        self::assertMatchesRegularExpression('/^200 \{"id":"[0-9A-Z]{26}"\}$/', $said);
        $id = json_decode(substr($said, 4), true)['id'];

        // The listener saves both pictures, once each.
        self::assertSame([], (array) glob("{$this->site->root}/storage/app/*.png"));
        Until::true(fn (): bool => str_contains($this->site->run('request', 'GET', "/pictures/$id")[1], '"SUCCESS"'), 40.0);
        [$status, $said] = $this->site->run('artisan', 'mj:sync', '--seconds=0');
        self::assertSame([0, "2 changes\n"], [$status, $said]);
        self::assertCount(2, (array) glob("{$this->site->root}/storage/app/*.png"));
        self::assertSame([0, "0 changes\n"], $this->site->run('artisan', 'mj:sync', '--seconds=0'));

        $serve->signal(SIGTERM);
        $serve->wait(20.0);
        self::assertSame(0, $serve->exitCode());

        $log = (string) file_get_contents("{$this->site->root}/storage/logs/pictures.log");
        self::assertSame(1, preg_match_all("/ was submitted .*\"task\":\"$id\"/", $log), $log);
        self::assertStringNotContainsString('harbour', $log);
    }

    /** An application with everything booted, but nobody who takes PHPUnit's errors away. */
    private function app(): Application
    {
        $app = Skeleton::application($this->site->root);
        $app->bootstrapWith([
            \Illuminate\Foundation\Bootstrap\LoadConfiguration::class,
            \Illuminate\Foundation\Bootstrap\RegisterFacades::class,
            \Illuminate\Foundation\Bootstrap\SetRequestForConsole::class,
            \Illuminate\Foundation\Bootstrap\RegisterProviders::class,
            \Illuminate\Foundation\Bootstrap\BootProviders::class,
        ]);

        return $app;
    }

    /**
     * @param array<string, mixed> $parameters
     *
     * @return array{int, string}
     */
    private function artisan(Application $app, string $command, array $parameters = []): array
    {
        $kernel = $app->make(Kernel::class);
        $status = $kernel->call($command, $parameters);

        return [$status, $kernel->output()];
    }
}
