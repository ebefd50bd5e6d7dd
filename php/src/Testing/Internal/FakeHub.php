<?php

declare(strict_types=1);

namespace Mj\Testing\Internal;

use Mj\Button;
use Mj\Internal\Functions;
use Mj\Status;
use Mj\Testing\Outcome;
use Mj\Testing\Submission;

/**
 * The extension's functions without extension, network and time: each look at a task lets it take its next step, and who
 * waits waits on a clock of our own.
 *
 * @internal
 */
final class FakeHub implements Functions
{
    private Tasks $tasks;

    private Doctor $doctor;

    private Bell $bell;

    private float $now;

    /** @var list<Submission> */
    private array $submissions = [];

    /** @var list<string> */
    private array $cancelled = [];

    /** @var \Closure(Submission): Outcome */
    private \Closure $decide;

    /** @var array<string, int> the last acknowledged event, by consumer */
    private array $acknowledged = [];

    /** @param \Closure(Submission): Outcome $decide what becomes of a submission */
    public function __construct(\Closure $decide)
    {
        $this->decide = $decide;
        $this->bell = new Bell();
        $this->tasks = new Tasks(fn() => $this->bell->ring());
        $this->doctor = new Doctor();
        $this->now = floor(microtime(true));
    }

    public function imagine(string $prompt, #[\SensitiveParameter] array $options): string
    {
        GivenOptions::ofSubmission('imagine', 2, $options);
        Given::imagine($prompt, $options);

        return $this->submit(new Submission('imagine', $prompt, [], $options), Permutations::expand($prompt));
    }

    public function describe(string $image, #[\SensitiveParameter] array $options): string
    {
        GivenOptions::ofSubmission('describe', 2, $options);
        GivenPicture::check(new Argument('describe', 1, 'image'), $image);

        return $this->submit(new Submission('describe', $image, [], $options), ['']);
    }

    public function blend(array $images, #[\SensitiveParameter] array $options): string
    {
        GivenOptions::ofSubmission('blend', 2, $options);
        Given::pictures($images);

        return $this->submit(new Submission('blend', '', array_values($images), $options), ['']);
    }

    public function shorten(string $prompt, #[\SensitiveParameter] array $options): string
    {
        GivenOptions::ofSubmission('shorten', 2, $options);
        Given::shorten($prompt);

        return $this->submit(new Submission('shorten', $prompt, [], $options), [$prompt]);
    }

    public function show(string $jobId, #[\SensitiveParameter] array $options): string
    {
        GivenOptions::ofSubmission('show', 2, $options);
        $isJob = preg_match('/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/iD', $jobId) === 1;
        if (!$isJob && preg_match('/^[0-9A-Z]{26}$/D', $jobId) !== 1) {
            $what = " must be a job's uuid (8-4-4-4-12 hexadecimal digits) or a task's id";
            Given::refuse('show', 1, 'jobId', $what);
        }
        if (!$isJob) {
            $record = $this->tasks->find($jobId) ?? Given::refuse('show', 1, 'jobId', ': is the id of no task');
            if ($record['job_id'] === null) {
                Given::refuse('show', 1, 'jobId', ': is a task whose job at Midjourney is not known');
            }
        }

        return $this->submit(new Submission('show', $jobId, [], $options), ['']);
    }

    public function command(string $name, array $arguments, #[\SensitiveParameter] array $options): string
    {
        GivenOptions::ofSubmission('command', 3, $options);
        $words = Given::command($name, $arguments);

        return $this->submit(new Submission('command', $name, $arguments, $options), ["/$words"]);
    }

    public function action(string $taskId, string $action, #[\SensitiveParameter] array $options): string
    {
        GivenOptions::ofSubmission('action', 3, $options);
        if (trim($action) === '') {
            Given::refuse('action', 2, 'action', ": is empty: give a button's name or custom_id");
        }
        $parent = $this->found('action', $taskId);
        $name = $this->tasks->pressable($parent, trim($action));
        self::fits($name, trim($action), $options);
        $submission = new Submission('action', $name, [], $options, $taskId);
        if ($name !== 'imagine_all') {
            return $this->submit($submission, [$parent['prompt']]);
        }
        $numbered = preg_grep('/^imagine\d$/', array_filter(array_column($parent['buttons'], 'action'))) ?: [];

        return $this->submit($submission, array_fill(0, max(1, count($numbered)), $parent['prompt']));
    }

    public function submitted(string $taskId): ?array
    {
        return $this->tasks->find($taskId);
    }

    public function poll(string $taskId): ?array
    {
        $record = $this->tasks->find($taskId);
        $this->tasks->step($taskId, $this->now);

        return $record;
    }

    public function pollMany(array $taskIds): array
    {
        $found = [];
        foreach ($taskIds as $id) {
            $found[$id] = $this->poll($id);
        }

        return $found;
    }

    public function wait(string $taskId, float $timeout): array
    {
        Given::notNegative('wait', 2, 'timeout', $timeout);
        $record = $this->found('wait', $taskId);
        $until = $this->now + $timeout;
        while (!Status::of($record['status'])->isFinal() && $this->now < $until) {
            $due = $this->tasks->due($taskId);
            if ($due === null && $timeout === INF) {
                throw new \LogicException("task $taskId is stuck: it would be waited for without end");
            }
            $this->now = max($this->now, min($due ?? INF, $until));
            if ($due !== null && $due <= $this->now) {
                $this->tasks->stepDue($taskId, $this->now);
            }
            $record = $this->found('wait', $taskId);
        }

        return $record;
    }

    public function tasks(array $filter, int $limit, ?string $cursor): array
    {
        Given::limit('tasks', $limit);

        return $this->tasks->page($filter, $limit, $cursor);
    }

    public function events(string $consumer, int $limit, float $wait): array
    {
        Given::consumer('events', $consumer);
        Given::limit('events', $limit);
        Given::notNegative('events', 3, 'wait', $wait);
        $after = $this->acknowledged[$consumer] ?? 0;
        $events = $this->tasks->events($after, $limit);
        if ($events === [] && $wait > 0) {
            $this->now += min($wait, FakeTask::STEP);
            $this->advance(null);
            $events = $this->tasks->events($after, $limit);
        }

        return $events;
    }

    public function watch()
    {
        return $this->bell->stream();
    }

    public function ack(string $consumer, int $cursor): void
    {
        Given::consumer('ack', $consumer);
        Given::notNegative('ack', 2, 'cursor', $cursor);
        $newest = min($cursor, $this->tasks->newestEvent());
        $this->acknowledged[$consumer] = max($this->acknowledged[$consumer] ?? 0, $newest);
    }

    public function cancel(string $taskId): bool
    {
        $this->found('cancel', $taskId);
        $this->cancelled[] = $taskId;

        return $this->tasks->cancel($taskId, $this->now);
    }

    public function download(string $taskId, string $directory, #[\SensitiveParameter] array $options): array
    {
        $cells = GivenOptions::ofDownload($options);
        if ($directory === '') {
            Given::refuse('download', 2, 'directory', ': is empty: name an existing directory');
        }
        $record = $this->found('download', $taskId);
        $isPreview = ($options['preview'] ?? null) === true;
        if (!$isPreview && $record['images'] === []) {
            Given::refuse('download', 1, 'taskId', ": has no pictures: it is {$record['status']}");
        }
        if (!is_dir($directory)) {
            Given::refuse('download', 2, 'directory', ': is not an existing directory');
        }
        if ($isPreview && ($record['preview_url'] === null || Status::of($record['status'])->isFinal())) {
            return [];
        }
        $count = count($record['images']);
        $suffixes = match (true) {
            $isPreview => ['-preview'],
            $cells !== [] => array_map(static fn(int $cell): string => "-$cell", $cells),
            $count > 1 => array_map(static fn(int $number): string => "-$number", range(1, $count)),
            default => [''],
        };
        $format = $options['format'] ?? 'keep';
        $ending = ['jpeg' => 'jpg', 'jpg' => 'jpg', 'png' => 'png', 'webp' => 'webp'][is_string($format) ? $format : ''] ?? ($isPreview ? 'webp' : 'png');
        $side = is_int($options['thumbnail'] ?? null) ? "-{$options['thumbnail']}px" : '';
        $paths = [];
        foreach ($suffixes as $suffix) {
            $path = rtrim($directory, '/') . "/$taskId$suffix$side.$ending";
            file_put_contents($path, Picture::PNG);
            $paths[] = $path;
        }

        return $paths;
    }

    public function imageUrl(string $url): string
    {
        if (preg_match('~^https?://~i', $url) !== 1) {
            Given::refuse('image_url', 1, 'url', ' must be an http or https address');
        }

        return $url;
    }

    public function status(): array
    {
        return $this->tasks->status();
    }

    public function metrics(): string
    {
        $lines = ['# HELP mj_tasks Tasks in the store by status.', '# TYPE mj_tasks gauge'];
        foreach ($this->tasks->counts() as $status => $count) {
            $lines[] = "mj_tasks{hub=\"fake\",status=\"$status\"} $count";
        }

        return implode("\n", $lines) . "\n";
    }

    public function doctor(#[\SensitiveParameter] array $options): array
    {
        return $this->doctor->report($options);
    }

    /** @param MjCheck $check what the doctor finds from now on */
    public function willFind(array $check): void
    {
        $this->doctor->will($check);
    }

    public function now(): float
    {
        return $this->now;
    }

    /** Lets a task take its next step, or all of them; false when none had one left. */
    public function advance(?string $taskId): bool
    {
        $isAny = false;
        foreach ($taskId === null ? $this->tasks->ids() : [$taskId] as $id) {
            $isAny = $this->tasks->step($id, $this->now) || $isAny;
        }

        return $isAny;
    }

    /** @return list<Submission> */
    public function submissions(): array
    {
        return $this->submissions;
    }

    /** @return list<string> the ids of tasks that were cancelled, or should be */
    public function cancelled(): array
    {
        return $this->cancelled;
    }

    /**
     * Holds what goes along with a press to what the button takes.
     *
     * @param array<string, mixed> $options
     */
    private static function fits(string $name, string $action, array $options): void
    {
        $argument = new Argument('action', 3, 'options');
        if ($name === Button::VARY_REGION && !isset($options['mask'])) {
            $argument->at('mask')->refuse("is missing: \"$action\" needs a PNG, white where the picture may change");
        }
        if ($name === Button::VARY_REGION) {
            GivenPicture::check($argument->at('mask'), $options['mask'] ?? null);
        } elseif (isset($options['mask'])) {
            $argument->at('mask')->refuse("is for vary_region only, not for \"$action\"");
        }
        if (isset($options['prompt']) && preg_match('/^(upscale|redo_upscale|bookmark|imagine_all|seed)/', $name) === 1) {
            $argument->at('prompt')->refuse("cannot go along with \"$action\", which never asks for a prompt");
        }
        if (isset($options['values'])) {
            $argument->at('values')->refuse("are for menus only: \"$action\" is a button");
        }
    }

    /** @return MjTask */
    private function found(string $function, string $taskId): array
    {
        return $this->tasks->find($taskId) ?? Given::refuse($function, 1, 'taskId', ': there is no such task');
    }

    /** @param non-empty-list<string> $prompts one for each task */
    private function submit(Submission $submission, array $prompts): string
    {
        $key = $submission->options()['idempotency_key'] ?? null;
        $known = is_string($key) ? $this->tasks->byKey($key) : null;
        if ($known !== null) {
            return $known;
        }
        $outcome = ($this->decide)($submission);
        $this->submissions[] = $submission;
        $thrown = $outcome->thrown();
        if ($thrown !== null) {
            throw $thrown;
        }

        return $this->tasks->add($submission, $outcome, $prompts, $this->now, is_string($key) ? $key : null);
    }
}
