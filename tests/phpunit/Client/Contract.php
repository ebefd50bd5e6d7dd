<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator\Client;

use Mj\ActionUnavailableException;
use Mj\Button;
use Mj\CheckStatus;
use Mj\Client;
use Mj\Status;
use Mj\Task;

/**
 * What a client does, whether the extension or the fake is behind it. Each scenario uses one and gives the facts that must
 * be the same for both; `ContractTest` says what they are.
 */
final class Contract
{
    /** Seconds within which the simulator has made any picture. */
    private const LONG = 60.0;

    /** @return array<string, mixed> */
    public static function lifeOfATask(Client $mj): array
    {
        $first = $mj->imagine('a cat', ['state' => 'order 7', 'seed' => 5]);
        $statuses = $progress = $revisions = [];
        foreach ($mj->stream($first, self::LONG, 0.01) as $revision => $task) {
            $statuses[] = $task->status->value;
            $progress[] = $task->progress;
            $revisions[] = $revision;
        }
        $order = array_values(array_unique($statuses));
        $sorted = $progress;
        sort($sorted);

        return [
            'id' => preg_match('/^[0-9A-Z]{26}$/D', $first->id),
            'begins as' => [$first->status->is(Status::NOT_START, Status::SUBMITTED), $first->progress, $first->isFinished()],
            'order' => array_values(array_intersect(['NOT_START', 'SUBMITTED', 'IN_PROGRESS', 'SUCCESS'], $order)) === $order,
            'was seen at work' => in_array('IN_PROGRESS', $order, true),
            'progress rises' => $sorted === $progress,
            'revisions rise' => $revisions === array_unique($revisions) && max($revisions) === end($revisions),
            'ends as' => [end($statuses), end($progress), $task->isFinished(), $task->succeeded(), $task->failed()],
            'keys' => array_keys($task->toArray()),
            'kept' => [$task->id === $first->id, $task->prompt, $task->state, $task->seed, $task->action->value],
            'images' => [count($task->images), $task->imageUrl === $task->images[0]->url, $task->images[0]->contentType],
            'buttons' => array_map(static fn(Button $button): ?string => $button->action, $task->buttons),
            'polled again' => $mj->poll($task)->toArray() === $task->toArray(),
            'times' => $task->createdAt <= $task->submittedAt && $task->submittedAt <= $task->finishedAt,
            'not failed' => [$task->failCode, $task->failReason, $task->late, $task->orThrow() === $task],
        ];
    }

    /** @return array<string, mixed> */
    public static function buttons(Client $mj): array
    {
        $grid = self::picture($mj);
        $upscale = $mj->wait($mj->upscale($grid, 2), self::LONG);
        $button = $grid->button('variation3');
        $variation = $mj->wait($mj->action($grid, $button), self::LONG);
        $seed = $mj->wait($mj->action($grid->id, Button::SEED), self::LONG);
        $shown = $mj->wait($mj->show($grid->jobId), self::LONG);

        return [
            'upscale' => [$upscale->status->value, $upscale->action->value, $upscale->parentId === $grid->id, $upscale->prompt],
            'offers' => [$upscale->offers(Button::VARY_SUBTLE), $upscale->offers('upscale1'), $upscale->button('upscale1')],
            'variation' => [$variation->status->value, $variation->action->value, $variation->offers('upscale4')],
            'spelt as ChatMoney does' => $mj->wait($mj->action($grid, 'upsample1'), self::LONG)->action->value,
            'reroll' => $mj->wait($mj->reroll($grid), self::LONG)->action->value,
            'bookmark' => self::facts($mj->wait($mj->action($upscale, Button::BOOKMARK), self::LONG)),
            'seed' => [$seed->action->value, $seed->seed === $grid->seed, $seed->jobId === $grid->jobId, $seed->images],
            'show' => [$shown->action->value, $shown->jobId === $grid->jobId, $shown->offers('upscale1')],
            'not offered' => self::thrown(static fn() => $mj->action($upscale, 'upscale1')),
            'not finished' => str_replace(
                'SUBMITTED',
                'NOT_START',
                (string) self::thrown(static fn() => $mj->upscale($mj->imagine('a dog'), 1)),
            ),
            'its reason' => self::reason(static fn() => $mj->upscale($mj->imagine('a dog'), 1)),
        ];
    }

    /**
     * @param list<string> $pictures files, each another one
     *
     * @return array<string, mixed>
     */
    public static function texts(Client $mj, array $pictures): array
    {
        $described = $mj->wait($mj->describe($pictures[0]), self::LONG);
        $shortened = $mj->wait($mj->shorten('a very long prompt with many many words'), self::LONG);
        $info = $mj->wait($mj->command('info'), self::LONG);
        $one = $mj->wait($mj->action($described, Button::imagine(1)), self::LONG);
        $all = $mj->action($described, Button::IMAGINE_ALL);

        return [
            'describe' => self::facts($described) + ['texts' => count($described->texts)],
            'its buttons' => array_map(static fn(Button $button): ?string => $button->action, $described->buttons),
            'shorten' => self::facts($shortened) + ['texts' => count($shortened->texts), 'offers' => $shortened->offers('imagine5')],
            'info' => self::facts($info) + ['fields' => is_string($info->texts['plan'] ?? null)],
            'imagine one' => [$one->action->value, $one->parentId === $described->id, $one->offers('upscale1')],
            'imagine all' => [$all->isGroup(), count($all->tasks), count($mj->wait($all, self::LONG)->images)],
            'blend' => self::facts($mj->wait($mj->blend($pictures), self::LONG)),
        ];
    }

    /** @return array<string, mixed> */
    public static function groups(Client $mj): array
    {
        $group = $mj->imagine('a {red, blue} fox --repeat 2', ['idempotency_key' => 'order 7', 'state' => 'x']);
        $tasks = $mj->pollMany($group->tasks);
        $ended = $mj->wait($group, self::LONG);
        $listed = $mj->tasks(['group_id' => $group->id]);

        return [
            'group' => [$group->isGroup(), count($group->tasks), $group->groupId === $group->id, $group->state],
            'prompts' => array_values(array_map(static fn(Task $task): string => $task->prompt, $tasks)),
            'members' => count(array_filter($tasks, static fn(Task $task): bool => $task->groupId === $group->id && !$task->isGroup())),
            'ends as' => [$ended->status->value, $ended->progress, count($ended->images), $ended->buttons, $ended->tasks === $group->tasks],
            'keys' => array_keys($ended->toArray()),
            'same key' => $mj->imagine('a {red, blue} fox --repeat 2', ['idempotency_key' => 'order 7'])->id === $group->id,
            'listed' => array_reverse(array_map(static fn(Task $task): string => $task->id, $listed->tasks())) === $group->tasks,
            'button' => self::reason(static fn() => $mj->upscale($group, 1)),
            'cancel' => $mj->cancel($group),
        ];
    }

    /** @return array<string, mixed> the simulator, or the fake, refuses the next prompt as one with a banned word */
    public static function failure(Client $mj): array
    {
        $task = $mj->wait($mj->imagine('something bad'), self::LONG);

        return [
            'task' => self::facts($task) + ['retryable' => $task->retryable, 'progress' => $task->progress],
            'code' => [$task->failCode->value, $task->failCode->concernsAccount(), is_string($task->failReason)],
            'thrown' => self::thrown(static fn() => $task->orThrow()),
            'button' => self::reason(static fn() => $mj->upscale($task, 1)),
            'download' => self::thrown(static fn() => $mj->download($task, sys_get_temp_dir())),
            'cancel' => $mj->cancel($task),
        ];
    }

    /** @return array<string, mixed> finals do not come */
    public static function stuck(Client $mj): array
    {
        $task = $mj->imagine('never ready');
        foreach ($mj->stream($task, self::LONG, 0.01) as $task) {
            if ($task->status->is(Status::IN_PROGRESS)) {
                break;
            }
        }
        $waited = $mj->wait($task, 0.2);
        $many = $mj->waitMany([$task], 0.2);
        $streamed = $mj->stream($task, 0.2, 0.05);
        iterator_to_array($streamed);
        $ended = null;
        $mj->onFinished($task, static function (Task $task) use (&$ended): void {
            $ended = $task->status->value;
        });
        $cancelled = $mj->cancel($task);
        $mj->wait($task, self::LONG);
        $end = $mj->poll($task);

        return [
            'waited' => [$waited->status->value, $waited->isFinished(), array_keys($many) === [$task->id]],
            'streamed' => [$streamed->getReturn()->status->value],
            'cancelled' => [$cancelled, $mj->cancel($task), $ended],
            'ends as' => [$end->status->value, $end->wasCancelled(), $end->failCode, $end->images],
            'thrown' => self::thrown(static fn() => $end->orThrow()),
        ];
    }

    /** @return array<string, mixed> */
    public static function reading(Client $mj): array
    {
        $tasks = array_map(static fn(string $prompt): Task => $mj->imagine($prompt, ['state' => 'mine']), ['a cat', 'a dog', 'a bird']);
        $ended = [];
        $mj->onFinished($tasks[1], static function (Task $task) use (&$ended): void {
            $ended[] = $task->prompt;
        });
        $all = $mj->waitMany($tasks, self::LONG);
        $many = $mj->pollMany([$tasks[0], 'unknown', $tasks[2]->id]);
        $mj->onFinished($tasks[0], static function (Task $task) use (&$ended): void {
            $ended[] = $task->prompt;
        });
        $page = $mj->tasks(['state' => 'mine'], 2);
        $rest = $mj->tasks(['state' => 'mine'], 2, $page->cursor());
        $prompts = static fn(iterable $tasks): array => array_map(
            static fn(?Task $task): ?string => $task?->prompt,
            array_values(is_array($tasks) ? $tasks : iterator_to_array($tasks)),
        );

        return [
            'waited' => [$prompts($all), count(array_filter($all, static fn(Task $task): bool => $task->succeeded()))],
            'told' => $ended,
            'many' => [$prompts($many), array_keys($many) === [$tasks[0]->id, 'unknown', $tasks[2]->id]],
            'unknown' => $mj->poll('00000000000000000000000000'),
            'pages' => [$prompts($page), count($page), $prompts($rest), $rest->cursor()],
            'filtered' => $prompts($mj->tasks(['state' => 'mine', 'status' => ['SUCCESS', 'FAILURE']], 1)),
            'same key' => $mj->imagine('a', ['idempotency_key' => 'k'])->id === $mj->imagine('a', ['idempotency_key' => 'k'])->id,
            'image' => $mj->imageUrl('https://example.com/a.png'),
            'status' => [array_keys($mj->status()), $mj->status()['queue']['SUCCESS'] >= 3],
        ];
    }

    /** @return array<string, mixed> */
    public static function watching(Client $mj): array
    {
        $readable = static function ($stream, float $seconds): bool {
            $read = [$stream];
            $write = $except = null;

            return stream_select($read, $write, $except, (int) $seconds, (int) (fmod($seconds, 1) * 1e6)) === 1;
        };
        $early = $mj->imagine('a cat');
        $watch = $mj->watch();
        $tasks = [$early, $mj->imagine('a {red, blue} fox'), $mj->imagine('a dog')];
        $ended = $revisions = $fell = [];
        foreach ($tasks as $task) {
            $mj->onFinished($task, static function (Task $task) use (&$ended): void {
                $ended[] = $task->prompt;
                throw new \DomainException('told');
            });
        }
        $stream = $watch->stream();
        $first = [$readable($stream, 0.0), count($watch)];
        $thrown = 0;
        while (count($watch) > 0 && $readable($stream, self::LONG)) {
            try {
                foreach ($watch->changed() as $task) {
                    $fell[] = $task->revision <= ($revisions[$task->id] ?? 0);
                    $revisions[$task->id] = $task->revision;
                }
            } catch (\DomainException $exception) {
                ++$thrown;
            }
        }
        sort($ended);
        $watch->take();
        $quiet = [$watch->changed(), $watch->take(), $readable($stream, 0.0)];
        $mj->imagine('another');
        $loud = [$readable($stream, self::LONG), $watch->take(), count($watch)];
        $watch->close();
        $watch->close();

        return [
            'first' => $first,
            'ended' => $ended,
            'thrown' => $thrown > 0 && $thrown <= 3,
            'changes' => [count($revisions) <= 3, in_array(true, $fell, true)],
            'quiet' => $quiet,
            'loud' => $loud,
            'closed' => [is_resource($stream), $readable($mj->watch()->stream(), 0.0)],
        ];
    }

    /** @return array<string, mixed> */
    public static function operating(Client $mj): array
    {
        self::picture($mj);
        $report = $mj->doctor(['only' => 'php.version', 'network' => false, 'lang' => 'en']);
        $check = $report->check('php.version');
        preg_match_all('/^mj_tasks\{.*status="SUCCESS".*\} (\d+)$/m', $mj->metrics(), $counted);

        return [
            'metrics' => $counted[1],
            'report' => [array_keys($report->toArray()), $report->ok, $report->counts, count($report), count(iterator_to_array($report))],
            'check' => [array_keys($check->toArray()), $check->title, $check->status->value, $check->failed(), $check->todo],
            'seen' => str_starts_with($check->seen, \PHP_VERSION),
            'same' => [$report->checks[0]->toArray() === $check->toArray(), $check->status === CheckStatus::of('ok')],
            'others' => [$report->check('owner.alive'), $report->with(CheckStatus::FAILED, CheckStatus::WARNING)],
            'option' => self::thrown(static fn() => $mj->doctor(['colour' => 'red'])),
            'type' => self::thrown(static fn() => $mj->doctor(['network' => 1])),
            'format' => self::thrown(static fn() => $mj->doctor(['format' => 'text'])),
        ];
    }

    /** @return array<string, mixed> */
    public static function feed(Client $mj): array
    {
        $task = self::picture($mj);
        $events = $mj->events('shop', 1000);
        $cursors = array_map(static fn($change): int => $change->cursor(), $events);
        $sorted = $cursors;
        sort($sorted);
        $mj->ack('shop', $events[1]);
        $mj->ack('shop', $events[0]);
        $left = $mj->events('shop', 1000);
        $handled = [];
        $handler = static function (Task $task) use (&$handled): void {
            $handled !== [] ? throw new \DomainException('no more') : $handled[] = $task->status->value;
        };
        $stopped = self::thrown(static fn() => $mj->consume('shop', $handler, 1000));
        $after = count($mj->events('shop', 1000));
        $rest = $mj->consume('shop', static fn(Task $task) => null, 1000);

        return [
            'order' => $sorted === $cursors && $cursors === array_unique($cursors),
            'several' => count($events) > 3,
            'as it is now' => end($events)->task()->toArray() === $task->toArray(),
            'acknowledged' => count($events) - count($left),
            'own place' => count($mj->events('audit', 1000)) === count($events),
            'stopped' => [$stopped, $handled, count($left) - $after],
            'rest' => [$rest === $after, $mj->consume('shop', static fn(Task $task) => null)],
            'nothing' => $mj->events('shop', 10, 0.1),
        ];
    }

    /** @return array<string, mixed> */
    public static function pictures(Client $mj, string $directory): array
    {
        $task = self::picture($mj);
        $whole = $mj->download($task, $directory);
        $cells = $mj->download($task, $directory, ['cells' => [2, 4], 'thumbnail' => 64]);
        $names = array_map(static fn(string $path): string => str_replace($task->id, 'ID', basename($path)), [...$whole, ...$cells]);

        return [
            'files' => [$names, array_unique(array_map('dirname', [...$whole, ...$cells])) === [$directory]],
            'type' => getimagesize($whole[0])['mime'],
        ];
    }

    /** @return array<string, mixed> finals do not come */
    public static function previews(Client $mj, string $directory): array
    {
        $task = $mj->imagine('never ready');
        $preview = static function (array $further = []) use ($mj, $task, $directory): array {
            $paths = $mj->download($task, $directory, ['preview' => true] + $further);
            array_map('unlink', $paths);

            return array_map(static fn(string $path): string => str_replace($task->id, 'ID', $path), $paths);
        };
        $early = $preview();
        foreach ($mj->stream($task, self::LONG, 0.01) as $running) {
            if ($running->previewUrl !== null) {
                break;
            }
        }
        $facts = [
            'early' => $early,
            'running' => $preview(),
            'small' => $preview(['format' => 'png', 'thumbnail' => 64]),
            'finished ones' => self::thrown(static fn() => $mj->download($task, $directory, ['preview' => false])),
            'cut' => self::thrown(static fn() => $preview(['split' => true])),
            'nowhere' => self::thrown(static fn() => $mj->download($task, "$directory/nowhere", ['preview' => true])),
        ];
        $mj->cancel($task);
        $mj->wait($task, self::LONG);

        return $facts + ['ended' => $preview()];
    }

    /** @return array<string, mixed> */
    public static function refusals(Client $mj): array
    {
        $task = $mj->imagine('a cat');
        $unknown = '00000000000000000000000000';

        return array_map([self::class, 'thrown'], [
            'empty prompt' => static fn() => $mj->imagine(' '),
            'no such option' => static fn() => $mj->describe('https://example.com/a.png', ['seed' => 1]),
            'mode' => static fn() => $mj->imagine('a', ['mode' => 'warp']),
            'type' => static fn() => $mj->imagine('a', ['seed' => []]),
            'no such file' => static fn() => $mj->describe('/nonexistent.png'),
            'one picture' => static fn() => $mj->blend(['https://example.com/a.png']),
            'nothing to shorten' => static fn() => $mj->shorten(''),
            'no job' => static fn() => $mj->show('nope'),
            'no job of a task' => static fn() => $mj->show($unknown),
            'job not known' => static fn() => $mj->show($task),
            'no such command' => static fn() => $mj->command('jump'),
            'takes nothing' => static fn() => $mj->command('info', ['x']),
            'no such task' => static fn() => $mj->action($unknown, 'upscale1'),
            'no button' => static fn() => $mj->action($task, ''),
            'wait for nothing' => static fn() => $mj->wait($unknown),
            'wait for many' => static fn() => $mj->waitMany([$unknown]),
            'stream nothing' => static fn() => $mj->stream($unknown)->current(),
            'no slice' => static fn() => $mj->stream($task, 1.0, 0.0),
            'tell of nothing' => static fn() => $mj->onFinished($unknown, static fn() => null),
            'negative' => static fn() => $mj->wait($task, -1.0),
            'cancel nothing' => static fn() => $mj->cancel($unknown),
            'filter' => static fn() => $mj->tasks(['colour' => 'red']),
            'limit' => static fn() => $mj->tasks([], 0),
            'cursor' => static fn() => $mj->tasks([], 5, 'nowhere'),
            'consumer' => static fn() => $mj->events('a b'),
            'ack' => static fn() => $mj->ack('a', -1),
            'address' => static fn() => $mj->imageUrl('x'),
        ]);
    }

    /** @return array{string, string, bool, bool} */
    private static function facts(Task $task): array
    {
        return [$task->status->value, $task->action->value, $task->parentId !== null, $task->images !== []];
    }

    private static function picture(Client $mj): Task
    {
        return $mj->wait($mj->imagine('a cat'), self::LONG)->orThrow();
    }

    private static function thrown(callable $body): ?string
    {
        try {
            $body();
        } catch (\Throwable $thrown) {
            return $thrown::class . ': ' . preg_replace('/\b[0-9A-Z]{26}\b/', 'ID', $thrown->getMessage());
        }

        return null;
    }

    private static function reason(callable $body): ?string
    {
        try {
            $body();
        } catch (ActionUnavailableException $thrown) {
            return $thrown->reason;
        }

        return null;
    }
}
