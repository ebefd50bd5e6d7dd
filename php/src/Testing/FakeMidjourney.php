<?php

declare(strict_types=1);

namespace Mj\Testing;

use Mj\Button;
use Mj\CheckStatus;
use Mj\Internal\TypedClient;
use Mj\Task;
use Mj\Testing\Internal\FakeHub;
use PHPUnit\Framework\Assert;
use Psr\EventDispatcher\EventDispatcherInterface;
use Psr\Log\LoggerInterface;

/**
 * Midjourney for tests: no extension, no network, no time. It goes through the same statuses, refuses what the extension
 * refuses with the same exceptions, and is made of the same client. It knows no accounts: each name of one is taken.
 *
 *     $mj = (new FakeMidjourney())->will(Outcome::success(), Outcome::failure(FailCode::BANNED_PROMPT));
 *     (new Shop($mj))->order('a cat');
 *     $mj->assertImagined('a cat');
 *
 * A task takes its next step whenever it is polled; `wait()`, `waitMany()` and `stream()` play it to its end without
 * waiting, or to the time-out where it is stuck. The stream of `watch()` is readable as long as there are steps to see. {@see FakeMidjourney::advance()} lets a test do it step by step.
 */
final class FakeMidjourney extends TypedClient
{
    private FakeHub $hub;

    /** @var list<Outcome> */
    private array $outcomes = [];

    /** @var list<callable(Submission): ?Outcome> */
    private array $deciders = [];

    public function __construct(?LoggerInterface $logger = null, ?EventDispatcherInterface $dispatcher = null)
    {
        $this->hub = new FakeHub(fn(Submission $submission): Outcome => $this->outcome($submission));
        parent::__construct($this->hub, $logger, $dispatcher);
    }

    /** What becomes of the next submissions, in order; all others succeed. */
    public function will(Outcome ...$outcomes): self
    {
        array_push($this->outcomes, ...array_values($outcomes));

        return $this;
    }

    /**
     * Lets a function say what becomes of a submission; null leaves it to the others. The latest is asked first, the
     * outcomes of `will()` come last.
     *
     * @param callable(Submission): ?Outcome $decider
     */
    public function on(callable $decider): self
    {
        array_unshift($this->deciders, $decider);

        return $this;
    }

    /**
     * What `doctor()` finds besides a PHP that is well.
     *
     * @param string             $name   as docs/doctor.md has it: `api.tls`, `owner.alive`, …
     * @param string|CheckStatus $status one of {@see CheckStatus}
     * @param string|null        $todo   what to do
     */
    public function willFind(string $name, string|CheckStatus $status, string $seen = 'seen', ?string $todo = null): self
    {
        $status = (string) $status;
        if (!in_array($status, ['ok', 'warning', 'failed', 'skipped', 'unknown'], true)) {
            throw new \ValueError(__METHOD__ . '(): Argument #2 ($status) must be ok, warning, failed, skipped or unknown');
        }
        $this->hub->willFind(
            ['name' => $name, 'title' => $name, 'status' => $status, 'seen' => $seen, 'todo' => $todo, 'because' => null],
        );

        return $this;
    }

    /** Lets a task take its next step, or all of them; false when none had one left. */
    public function advance(string|Task|null $task = null): bool
    {
        return $this->hub->advance($task instanceof Task ? $task->id : $task);
    }

    /** @return list<Submission> everything that was submitted, in order; repetitions by idempotency key apart */
    public function submissions(): array
    {
        return $this->hub->submissions();
    }

    /** @param string|callable(Submission): bool $prompt the whole prompt, or what to ask of the submission */
    public function assertImagined(string|callable $prompt): void
    {
        $is = static fn(Submission $one): bool => $one->call() === 'imagine'
            && (is_string($prompt) ? $one->subject() === $prompt : $prompt($one));
        self::hold($this->count($is) > 0, 'the prompt was not imagined' . $this->seen());
    }

    public function assertPressed(string|Task $task, string|Button $action): void
    {
        $id = $task instanceof Task ? $task->id : $task;
        $name = $action instanceof Button ? $action->action ?? $action->customId : $action;
        $is = static fn(Submission $one): bool => $one->call() === 'action'
            && $one->parentId() === $id && $one->subject() === $name;
        self::hold($this->count($is) > 0, "\"$name\" of task $id was not pressed" . $this->seen());
    }

    /** @param callable(Submission): bool $is */
    public function assertSubmitted(callable $is, ?int $times = null): void
    {
        $count = $this->count($is);
        $wanted = $times === null ? 'no such submission' : "$count such submissions, and not $times";
        self::hold($times === null ? $count > 0 : $count === $times, $wanted . $this->seen());
    }

    public function assertSubmittedCount(int $times): void
    {
        $count = count($this->submissions());
        self::hold($count === $times, "$count submissions, and not $times" . $this->seen());
    }

    public function assertNothingSubmitted(): void
    {
        $this->assertSubmittedCount(0);
    }

    public function assertCancelled(string|Task $task): void
    {
        $id = $task instanceof Task ? $task->id : $task;
        self::hold(in_array($id, $this->hub->cancelled(), true), "task $id was not cancelled");
    }

    private function outcome(Submission $submission): Outcome
    {
        foreach ($this->deciders as $decider) {
            $outcome = $decider($submission);
            if ($outcome !== null) {
                return $outcome;
            }
        }

        return array_shift($this->outcomes) ?? Outcome::success();
    }

    /** @param callable(Submission): bool $is */
    private function count(callable $is): int
    {
        return count(array_filter($this->submissions(), $is));
    }

    /** What was submitted, for the message of an assertion. */
    private function seen(): string
    {
        $lines = array_map(
            static fn(Submission $one): string => "  {$one->call()} " . (string) json_encode($one->subject(), JSON_UNESCAPED_UNICODE),
            $this->submissions(),
        );

        return $lines === [] ? ': nothing was submitted' : "; these were submitted:\n" . implode("\n", $lines);
    }

    /** Fails as PHPUnit's own assertions do where it is there, else as `assert()` does. */
    private static function hold(bool $isTrue, string $message): void
    {
        if (class_exists(Assert::class)) {
            Assert::assertTrue($isTrue, $message);
        } elseif (!$isTrue) {
            throw new \AssertionError($message);
        }
    }
}
