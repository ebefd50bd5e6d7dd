<?php

declare(strict_types=1);

namespace Mj\Tests\Frameworks;

use Mj\Client;
use Mj\Event\TaskChanged;
use Mj\Event\TaskFinished;
use Mj\Framework\Application;
use Mj\Framework\Feed;
use Mj\Framework\ListenerFailed;
use Mj\Framework\Settings;
use Mj\Framework\Sync;
use Mj\Task;
use Mj\Testing\FakeMidjourney;
use Mj\Testing\Outcome;
use Mj\Tests\Process\Cli;
use Mj\Tests\Process\StateDirectory;
use Mj\Tests\Process\Until;
use PHPUnit\Framework\TestCase;

/** What listeners are told of the feed. */
final class FeedTest extends TestCase
{
    /** An application on a state directory, in a process of its own. */
    private const BEGIN = <<<'PHP'
        require $data["root"] . "/tests/phpunit/bootstrap.php";
        $application = new Mj\Framework\Application(
            new Mj\Framework\Settings(["state_dir" => $data["state"], "role" => "never", "user_token" => "a-user-token", "guild_id" => "100000000000000001", "channel_id" => "100000000000000002"], "shop"),
            function () use (&$application) { static $mj; return $mj ??= $application->settings()->client(); },
            static fn (object $event) => null,
        );
        PHP;

    private FakeMidjourney $mj;

    /** @var list<string> `<class> <status>` of each event, in order */
    private array $told = [];

    /** @var list<string> */
    private array $reported = [];

    private ?\Throwable $trouble = null;

    protected function setUp(): void
    {
        $this->mj = new FakeMidjourney();
    }

    public function testTheEndOfATaskIsToldOnceHoweverManyChangesLedToIt(): void
    {
        $this->mj->wait($this->mj->imagine('a cat'));
        self::assertGreaterThan(2, count($this->mj->events('shop')), 'its way is in the feed');

        self::assertSame(1, $this->tell());
        self::assertSame(['TaskChanged SUCCESS', 'TaskFinished SUCCESS'], $this->told);
        self::assertSame([], $this->mj->events('shop'), 'all of it is acknowledged');
        self::assertSame(0, $this->tell());
    }

    public function testEachChangeIsToldAsItComes(): void
    {
        $task = $this->mj->imagine('a cat');
        $this->tell();
        while ($this->mj->advance($task)) {
            $this->tell();
        }
        self::assertSame('TaskChanged NOT_START', $this->told[0]);
        self::assertContains('TaskChanged IN_PROGRESS', $this->told);
        self::assertSame(['TaskChanged SUCCESS', 'TaskFinished SUCCESS'], array_slice($this->told, -2));
        self::assertCount(1, preg_grep('/TaskFinished/', $this->told));
    }

    public function testAPictureThatIsLateIsASecondEnd(): void
    {
        $this->mj->will(Outcome::success()->late());
        $task = $this->mj->imagine('a cat');
        $this->mj->wait($task);
        $this->tell();
        $this->mj->advance($task);
        $this->tell();
        self::assertSame(['TaskFinished FAILURE', 'TaskFinished SUCCESS'], array_values(preg_grep('/TaskFinished/', $this->told)));
    }

    public function testWhatAListenerDidNotTakeComesAgainAndBeforeAllOthers(): void
    {
        foreach (['a cat', 'a dog'] as $prompt) {
            $this->mj->wait($this->mj->imagine($prompt));
        }
        $this->trouble = new \RuntimeException('no room for a-secret');
        try {
            $this->tell();
            self::fail('the failure of a listener was kept secret');
        } catch (ListenerFailed $thrown) {
            self::assertMatchesRegularExpression('/^RuntimeException in FeedTest\.php:\d+; it comes again$/', $thrown->getMessage());
        }
        self::assertSame(['no room for a-secret'], $this->reported, 'the application\'s own log has the words');
        $this->trouble = null;
        $this->told = [];
        self::assertSame(2, $this->tell());
        self::assertSame(['TaskChanged SUCCESS', 'TaskFinished SUCCESS', 'TaskChanged SUCCESS', 'TaskFinished SUCCESS'], $this->told);
    }

    public function testAFailureBetweenTwoChangesOfATaskMakesItsEndNotComeTwice(): void
    {
        $first = $this->mj->imagine('a cat');
        $this->mj->wait($this->mj->imagine('a dog'));
        $this->mj->wait($first);
        foreach ([new \RuntimeException('not now'), null] as $this->trouble) {
            try {
                $this->tell(static fn (Task $task): bool => $task->id !== $first->id);
            } catch (ListenerFailed) {
                self::assertNotNull($this->trouble);
            }
        }
        self::assertSame(['TaskFinished SUCCESS', 'TaskFinished SUCCESS'], array_values(preg_grep('/TaskFinished/', $this->told)));
    }

    public function testMoreThanABatchIsToldInOneRun(): void
    {
        for ($i = 0; $i < 130; ++$i) {
            $this->mj->imagine("picture $i");
        }
        self::assertSame(130, $this->tell());
    }

    public function testOneProcessAtATimeTellsAndTheNextGoesOn(): void
    {
        $state = new StateDirectory();
        $data = ['root' => dirname(__DIR__, 2), 'state' => $state->path];
        $first = new Cli(self::BEGIN . '$feed = new Mj\Framework\Feed($application); var_dump($feed->begin()); fgets(STDIN); $feed->end(); echo "ended\n"; fgets(STDIN);', [], $data, true);
        self::assertSame('bool(true)', $first->line());

        $sync = self::BEGIN . 'exit(Mj\Framework\Sync::run(static fn () => $application, ["seconds" => "0"], static function (string $line) { echo "$line\n"; }));';
        self::assertSame("another process is at it\n", Cli::run($sync, [], $data));
        if (posix_geteuid() === 0) {
            self::assertSame(fileowner($state->path), fileowner("$state->path/sync-shop.lock"), 'cron as root leaves nothing that the site cannot use');
        }
        $first->say("\n");
        self::assertSame('ended', $first->line());
        self::assertSame("0 changes\n", Cli::run($sync, [], $data));
    }

    public function testALinkInTheStateDirectoryIsNotFollowed(): void
    {
        $state = new StateDirectory();
        $elsewhere = new StateDirectory();
        foreach (['there', 'not-there'] as $name) {
            $target = "$elsewhere->path/$name";
            $name === 'there' && file_put_contents($target, 'precious');
            symlink($target, "$state->path/sync-shop.lock");
            $owner = $name === 'there' ? fileowner($target) : null;
            Cli::run(self::BEGIN . '(new Mj\Framework\Feed($application))->begin() || exit(1);', [], ['root' => dirname(__DIR__, 2), 'state' => $state->path]);
            clearstatcache();
            self::assertSame($owner, is_file($target) ? fileowner($target) : null, $name);
            self::assertSame($name === 'there' ? 'precious' : false, @file_get_contents($target), $name);
            unlink("$state->path/sync-shop.lock");
        }
    }

    public function testSyncStopsWellWhenItIsAskedTo(): void
    {
        $state = new StateDirectory();
        $sync = new Cli(self::BEGIN . <<<'PHP'
            exit(Mj\Framework\Sync::run(static function () use ($application) { echo "begun\n"; return $application; }, ["seconds" => "50"], static function (string $line) { echo "$line\n"; }));
            PHP, [], ['root' => dirname(__DIR__, 2), 'state' => $state->path]);
        self::assertSame('begun', $sync->line());
        Until::true(static fn (): bool => is_file("$state->path/sync-shop.lock"), 60.0);
        $sync->signal(SIGTERM);
        [$said] = $sync->wait(40.0);
        self::assertSame([0, "0 changes\n"], [$sync->exitCode(), $said]);
    }

    public function testSyncSaysWhatItDidAndRefusesNonsense(): void
    {
        $this->mj->imagine('a cat');
        self::assertSame([0, "1 change\n"], $this->sync('0'));
        self::assertSame([0, "0 changes\n"], $this->sync('0'));
        foreach (['-1', 'soon', 'INF', ''] as $wrong) {
            self::assertSame([1, "--seconds must be a number of seconds, 0 or more\n"], $this->sync($wrong));
        }
    }

    /** @param (callable(Task): bool)|null $isTroubled whose events the trouble meets */
    private function application(?callable $isTroubled = null): Application
    {
        return new Application(
            new Settings(null, 'shop'),
            fn (): Client => $this->mj,
            function (TaskChanged|TaskFinished $event) use ($isTroubled): void {
                $this->trouble === null || ($isTroubled !== null && !$isTroubled($event->task())) || throw $this->trouble;
                $this->told[] = substr($event::class, strlen('Mj\\Event\\')) . " {$event->task()->status}";
            },
            function (\Throwable $thrown): void {
                $this->reported[] = $thrown->getMessage();
            },
        );
    }

    private function tell(?callable $isTroubled = null): int
    {
        return (new Feed($this->application($isTroubled)))->follow(0.0, static fn (): bool => false);
    }

    /** @return array{int, string} */
    private function sync(string $seconds): array
    {
        $said = '';
        $status = Sync::run(fn (): Application => $this->application(), ['seconds' => $seconds], static function (string $line) use (&$said): void {
            $said .= "$line\n";
        });

        return [$status, $said];
    }
}
