<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator\Client;

use Mj\CheckStatus;
use Mj\FailCode;
use Mj\QueueFullException;
use Mj\Task;
use Mj\Testing\FakeMidjourney;
use Mj\Testing\Outcome;
use Mj\Testing\Submission;
use PHPUnit\Framework\AssertionFailedError;
use PHPUnit\Framework\TestCase;

/** What the fake offers to the tests of its users; that it behaves as the extension is `ContractTest`'s. */
final class FakeMidjourneyTest extends TestCase
{
    public function testOutcomesComeInOrder(): void
    {
        $mj = (new FakeMidjourney())->will(
            Outcome::failure(FailCode::QUEUE_FULL, 'full', true),
            Outcome::success()->withImages('https://example.com/a.png', 'https://example.com/b.png')->withButtons('upscale1'),
            Outcome::success()->withTexts(['plan' => 'pro']),
        );
        $failed = $mj->wait($mj->imagine('one'));
        $made = $mj->wait($mj->imagine('two'));
        $info = $mj->wait($mj->command('info'));

        self::assertSame(['QUEUE_FULL', 'full', true], [$failed->failCode->value, $failed->failReason, $failed->retryable]);
        self::assertSame(['https://example.com/a.png', 'https://example.com/b.png'], array_map('strval', $made->images));
        self::assertSame(['upscale1'], array_map(static fn($button) => $button->action, $made->buttons));
        self::assertSame(['plan' => 'pro'], $info->texts);
        self::assertTrue($mj->wait($mj->imagine('three'))->succeeded());
    }

    public function testASubmissionMayBeAnsweredByAFunction(): void
    {
        $mj = (new FakeMidjourney())->on(static fn(Submission $one): ?Outcome => str_contains($one->subject(), 'bad')
            ? Outcome::failure(FailCode::BANNED_PROMPT)
            : null);

        self::assertTrue($mj->wait($mj->imagine('something bad'))->failed());
        self::assertTrue($mj->wait($mj->imagine('something good'))->succeeded());
    }

    public function testTheDoctorFindsWhatTheTestSays(): void
    {
        $mj = (new FakeMidjourney())
            ->willFind('owner.alive', 'failed', 'nobody owns the hub', 'run mj_serve()')
            ->willFind('tasks.queue', CheckStatus::of('warning'));
        $report = $mj->doctor();

        self::assertFalse($report->ok);
        self::assertSame(['php.version', 'owner.alive', 'tasks.queue'], array_map(static fn($check) => $check->name, $report->checks));
        [$failed] = $report->with('failed');
        self::assertSame(['nobody owns the hub', 'run mj_serve()', true], [$failed->seen, $failed->todo, $failed->failed()]);
        self::assertTrue($mj->doctor(['only' => ['tasks', 'php.version']])->ok);
        $this->expectException(\ValueError::class);
        $mj->willFind('owner.alive', 'bad');
    }

    public function testASubmissionMayThrow(): void
    {
        $full = new QueueFullException('the queue is full');
        $full->retryAfter = 7;
        $mj = (new FakeMidjourney())->will(Outcome::throwing($full));
        try {
            $mj->imagine('a cat');
            self::fail('nothing was thrown');
        } catch (QueueFullException $thrown) {
            self::assertSame(7, $thrown->retryAfter);
        }
        self::assertSame(0, count($mj->tasks()));
    }

    public function testAFailureInTheMiddleHasProgress(): void
    {
        $mj = (new FakeMidjourney())->will(Outcome::failure(FailCode::OUTPUT_FILTERED)->withProgress(0, 46));
        $seen = array_map(
            static fn(Task $task): string => "{$task->status} {$task->progress}",
            iterator_to_array($mj->stream($mj->imagine('a cat'))),
        );

        self::assertSame([1 => 'NOT_START 0', 'SUBMITTED 0', 'IN_PROGRESS 0', 'IN_PROGRESS 46', 'FAILURE 46'], $seen);
    }

    public function testATestMayGoStepByStep(): void
    {
        $mj = new FakeMidjourney();
        $task = $mj->imagine('a cat');
        $mj->advance($task);
        self::assertSame('SUBMITTED', $mj->wait($task, 0.0)->status->value);
        while ($mj->advance()) {
            continue;
        }
        self::assertSame('SUCCESS', $mj->wait($task, 0.0)->status->value);
    }

    public function testWhatWasNotSentIsCancelledAtOnceAndLeavesTheQueue(): void
    {
        $mj = new FakeMidjourney();
        [$first, $second, $third] = [$mj->imagine('one'), $mj->imagine('two'), $mj->imagine('three')];
        self::assertSame([0, 1, 2], [$first->queuePosition, $second->queuePosition, $third->queuePosition]);

        self::assertTrue($mj->cancel($second));
        $mj->advance($first);
        $cancelled = $mj->poll($second);
        self::assertSame(['CANCEL', null, 2], [$cancelled->status->value, $cancelled->queuePosition, $cancelled->revision]);
        self::assertSame(1, $mj->imagine('four')->queuePosition);
    }

    public function testWaitingWithoutEndForAStuckTaskIsAMistake(): void
    {
        $mj = (new FakeMidjourney())->will(Outcome::stuck());
        $task = $mj->imagine('a cat');
        $this->expectException(\LogicException::class);
        $mj->wait($task, INF);
    }

    public function testAStreamOfAStuckTaskEndsAtItsTimeOutAtOnce(): void
    {
        $mj = (new FakeMidjourney())->will(Outcome::stuck(20));
        $task = $mj->imagine('a cat');
        $began = hrtime(true);
        $states = iterator_to_array($mj->stream($task, 3600.0));

        self::assertSame(20, end($states)->progress);
        self::assertFalse($mj->waitMany([$mj->imagine('another'), $task], 3600.0)[$task->id]->isFinished());
        self::assertLessThan(60.0, (hrtime(true) - $began) / 1e9);
    }

    public function testAssertionsHoldWhatWasAskedFor(): void
    {
        $mj = new FakeMidjourney();
        $mj->assertNothingSubmitted();
        $task = $mj->wait($mj->imagine('a cat', ['mode' => 'relax']));
        $mj->upscale($task, 2);
        $running = $mj->blend(['https://example.com/a.png', 'https://example.com/b.png']);
        $mj->cancel($running);

        $mj->assertImagined('a cat');
        $mj->assertImagined(static fn(Submission $one): bool => $one->options() === ['mode' => 'relax']);
        $mj->assertPressed($task, 'upscale2');
        $mj->assertPressed($task->id, $task->button('upscale2'));
        $mj->assertSubmitted(static fn(Submission $one): bool => count($one->arguments()) === 2, 1);
        $mj->assertSubmittedCount(3);
        $mj->assertCancelled($running);
        self::assertSame(['imagine', 'action', 'blend'], array_map(static fn(Submission $one) => $one->call(), $mj->submissions()));
    }

    /** @return array<string, array{callable(FakeMidjourney, Task): void, string}> */
    public function wrongAssertions(): array
    {
        $is = static fn(Submission $one): bool => $one->call() === 'imagine';

        return [
            'another prompt' => [static fn($mj) => $mj->assertImagined('a dog'), "these were submitted:\n  imagine \"a cat\""],
            'no button' => [static fn($mj, $task) => $mj->assertPressed($task, 'upscale1'), '"upscale1" of task'],
            'other count' => [static fn($mj) => $mj->assertSubmittedCount(2), '1 submissions, and not 2'],
            'count of such' => [static fn($mj) => $mj->assertSubmitted($is, 3), '1 such submissions, and not 3'],
            'something' => [static fn($mj) => $mj->assertNothingSubmitted(), '1 submissions, and not 0'],
            'not cancelled' => [static fn($mj, $task) => $mj->assertCancelled($task), 'was not cancelled'],
        ];
    }

    /**
     * @dataProvider wrongAssertions
     *
     * @param callable(FakeMidjourney, Task): void $assertion
     */
    public function testAWrongAssertionSaysWhatWasSeen(callable $assertion, string $message): void
    {
        $mj = new FakeMidjourney();
        $task = $mj->imagine('a cat');
        $this->expectException(AssertionFailedError::class);
        $this->expectExceptionMessage($message);
        $assertion($mj, $task);
    }
}
