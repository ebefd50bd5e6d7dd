<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator\Client;

use Mj\EngineException;
use Mj\FailCode;
use Mj\Internal\Functions;
use Mj\Internal\TypedClient;
use Mj\StorageException;
use Mj\Task;
use Mj\Testing\FakeMidjourney;
use Mj\Testing\Outcome;
use PHPUnit\Framework\TestCase;
use Psr\EventDispatcher\EventDispatcherInterface;
use Psr\Log\AbstractLogger;

/** What a client tells its logger, its dispatcher and its listeners. */
final class FollowTest extends TestCase
{
    private Recorder $seen;

    private FakeMidjourney $mj;

    protected function setUp(): void
    {
        $this->seen = new Recorder();
        $this->mj = new FakeMidjourney($this->seen, $this->seen);
    }

    public function testEachChangeIsDispatchedOnce(): void
    {
        $this->mj->will(Outcome::success()->withProgress(40));
        $task = $this->mj->imagine('a cat');
        iterator_to_array($this->mj->stream($task));
        $this->mj->poll($task);
        $this->mj->wait($task);

        self::assertSame([
            'TaskSubmitted NOT_START', 'TaskChanged SUBMITTED', 'TaskChanged IN_PROGRESS', 'TaskChanged SUCCESS',
            'TaskFinished SUCCESS',
        ], $this->seen->told());
        self::assertSame($task->id, $this->seen->events[4]->task()->id);
    }

    public function testLogHasNoWordsOfOthers(): void
    {
        $this->mj->will(Outcome::failure(FailCode::BANNED_PROMPT, 'it says: secret'));
        $task = $this->mj->wait($this->mj->imagine('my secret prompt', ['state' => 'secret']));

        self::assertSame([
            ['info', "mj: IMAGINE $task->id was submitted"],
            ['warning', "mj: IMAGINE $task->id ended as FAILURE: BANNED_PROMPT"],
        ], array_map(static fn(array $line): array => array_slice($line, 0, 2), $this->seen->lines));
        self::assertStringNotContainsString('secret', (string) json_encode($this->seen->lines));
    }

    public function testListenerIsCalledOnceByWhoeverSeesTheEnd(): void
    {
        $ended = [];
        $listener = static function (Task $task) use (&$ended): void {
            $ended[] = $task->prompt;
        };
        $tasks = array_map(fn(string $prompt): Task => $this->mj->imagine($prompt), ['polled', 'polled with others', 'waited for']);
        foreach ($tasks as $task) {
            $this->mj->onFinished($task, $listener)->onFinished($task, $listener);
        }
        while (!$this->mj->poll($tasks[0])->isFinished()) {
            self::assertSame([], $ended);
        }
        while (!$this->mj->pollMany([$tasks[1]])[$tasks[1]->id]->isFinished()) {
            self::assertCount(2, $ended);
        }
        $this->mj->wait($tasks[2]);
        $this->mj->waitMany($tasks);

        self::assertSame(['polled', 'polled', 'polled with others', 'polled with others', 'waited for', 'waited for'], $ended);
    }

    public function testAListenerThatThrowsKeepsNoOtherFromHearing(): void
    {
        $task = $this->mj->imagine('a cat');
        $heard = [];
        foreach (['first', 'second', 'third'] as $name) {
            $this->mj->onFinished($task, static function (Task $task) use ($name, &$heard): void {
                $heard[] = "$name {$task->status->value}";
                $name === 'third' || throw new \DomainException($name);
            });
        }
        try {
            $this->mj->wait($task);
            self::fail('what a listener throws is thrown');
        } catch (\DomainException $thrown) {
            self::assertSame('first', $thrown->getMessage());
        }
        self::assertSame(['first SUCCESS', 'second SUCCESS', 'third SUCCESS'], $heard);
        $this->mj->wait($task);
        self::assertCount(3, $heard, 'and each hears it once');
    }

    public function testADispatcherThatThrowsKeepsNoListenerFromHearing(): void
    {
        $dispatcher = new class implements EventDispatcherInterface {
            public function dispatch(object $event): object
            {
                throw new \DomainException((new \ReflectionClass($event))->getShortName());
            }
        };
        $mj = new FakeMidjourney($this->seen, $dispatcher);
        $task = $this->submittedAllTheSame($mj);
        $heard = [];
        $mj->onFinished($task, static function (Task $task) use (&$heard): void {
            $heard[] = $task->status->value;
        });
        $looks = 0;
        while ($heard === [] && ++$looks < 20) {
            try {
                $mj->poll($task);
            } catch (\DomainException $thrown) {
                self::assertSame('TaskChanged', $thrown->getMessage());
            }
        }
        self::assertSame(['SUCCESS'], $heard);
        self::assertSame(['info', "mj: IMAGINE $task->id ended as SUCCESS"], array_slice($this->seen->lines[count($this->seen->lines) - 1], 0, 2));
    }

    public function testALoggerThatThrowsLosesNoId(): void
    {
        $logger = new class extends AbstractLogger {
            public function log($level, $message, array $context = []): void
            {
                throw new \UnexpectedValueException('the log could not be opened in append mode');
            }
        };
        $mj = new FakeMidjourney($logger, $this->seen);
        $this->submittedAllTheSame($mj);
        self::assertSame(['TaskSubmitted NOT_START'], $this->seen->told(), 'and others are told');
    }

    /** Whoever submits again what was submitted pays for it twice. */
    private function submittedAllTheSame(FakeMidjourney $mj): Task
    {
        $log = (string) tempnam(sys_get_temp_dir(), 'mj-log');
        $before = ini_set('error_log', $log);
        try {
            $task = $mj->imagine('a cat');
            self::assertStringContainsString("was thrown where task $task->id was told of", (string) file_get_contents($log));
            self::assertStringNotContainsString('append mode', (string) file_get_contents($log));
        } finally {
            ini_set('error_log', (string) $before);
            unlink($log);
        }
        self::assertSame($task->id, $mj->tasks()->tasks()[0]->id);

        return $task;
    }

    public function testAClosedWatchSaysSo(): void
    {
        $watch = $this->mj->watch();
        $watch->close();
        $watch->close();
        foreach (['take', 'changed'] as $method) {
            try {
                $watch->$method();
                self::fail("$method() of a closed watch");
            } catch (EngineException $thrown) {
                self::assertSame('the watch is closed', $thrown->getMessage());
            }
        }
        self::assertCount(0, $watch);
    }

    public function testAnEarlierEndIsNoNews(): void
    {
        $done = $this->mj->wait($this->mj->imagine('a cat'));
        self::assertTrue($done->isFinished());
        $count = count($this->seen->events);
        $this->mj->wait($done);
        iterator_to_array($this->mj->stream($done));
        $this->mj->onFinished($done, static fn() => null);
        self::assertCount($count, $this->seen->events);
    }

    public function testALatePictureIsFoundByTheNextLook(): void
    {
        $this->mj->will(Outcome::success()->late());
        $task = $this->mj->wait($this->mj->imagine('a cat'));
        self::assertSame(['FAILURE', 'TIMEOUT'], [$task->status->value, (string) $task->failCode]);
        self::assertSame('TaskFinished FAILURE', $this->seen->told()[2]);

        $this->mj->advance($task);
        $late = $this->mj->poll($task);
        self::assertSame(['SUCCESS', true, null], [$late->status->value, $late->late, $late->failCode]);
        self::assertGreaterThan($task->revision, $late->revision);
        self::assertCount(3, $this->seen->told(), 'an end is told once; what comes later is in the feed');
    }

    public function testAWorkerThatNeverLooksDoesNotGrow(): void
    {
        $mj = new FakeMidjourney(null, $this->seen);
        $first = $mj->imagine('first');
        for ($number = 0; $number < 4096; ++$number) {
            $last = $mj->imagine('more');
        }
        $this->seen->events = [];
        $mj->wait($last);
        self::assertNotSame([], $this->seen->events);

        $this->seen->events = [];
        $mj->advance($first);
        $mj->poll($first);
        self::assertSame([], $this->seen->events);
    }

    public function testASubmissionWhoseLookFailsKeepsItsId(): void
    {
        $functions = $this->createStub(Functions::class);
        $functions->method('imagine')->willReturn('01TASK00000000000000000000');
        $functions->method('submitted')->willThrowException(new StorageException('the disk is busy'));
        $mj = new class ($functions, $this->seen, $this->seen) extends TypedClient {
            public function __construct(Functions $functions, Recorder $seen, Recorder $told)
            {
                parent::__construct($functions, $seen, $told);
            }
        };
        $task = $mj->imagine('a cat');

        self::assertSame(
            ['01TASK00000000000000000000', 'NOT_START', 'IMAGINE', 'a cat'],
            [$task->id, $task->status->value, $task->action->value, $task->prompt],
        );
        self::assertSame(['TaskSubmitted NOT_START'], $this->seen->told());
    }
}
