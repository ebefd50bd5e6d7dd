<?php

declare(strict_types=1);

namespace Mj\Http;

use Mj\Client;
use Mj\Task;

/**
 * `/midjourney/…`, as AceData (Zhishuyun) has it: the answer is the finished picture, unless the caller wants to be called
 * back or to ask later.
 *
 * @internal
 */
final class AceData
{
    private const MODES = ['fast', 'relax', 'turbo'];
    private const ACTIONS = ['retrieve', 'retrieve_batch'];
    private const MOST_IDS = 1_000;

    public function __construct(
        private Client $mj,
        private Settings $settings,
        private Hooks $hooks,
        private Prompts $prompts,
        private Seeds $seeds,
    ) {}

    public function imagine(Request $request, Body $body): Response
    {
        $action = $body->text('action');
        $prompt = trim($body->text('prompt'));
        $image = $body->text('image_id');
        $mask = $body->text('mask');
        $parameters = ['version' => self::single($body, 'version'), 'quality' => self::single($body, 'quality'), 'hd' => $body->boolean('hd')];
        $options = $this->options($request, $body);
        $prompt = $this->prompts->painted($prompt, $options['mode'] ?? null);
        if ($action === '' || $action === 'generate') {
            if ($prompt === '') {
                throw Refusal::shape('prompt is missing');
            }

            return $this->answer($this->mj->imagine($prompt, $options + array_filter($parameters)), $body);
        }
        $options += $prompt === '' ? [] : ['prompt' => $prompt];
        $options += $mask === '' ? [] : ['mask' => Pictures::data('mask', $mask)];

        return $this->answer($this->mj->action($this->task($image), AceDataShape::button($action), $options), $body);
    }

    public function describe(Request $request, Body $body): Response
    {
        $picture = $body->text('image_url');
        $options = $this->options($request, $body);

        return $this->answer($this->mj->describe(Pictures::given('image_url', $picture), $options), $body);
    }

    public function shorten(Request $request, Body $body): Response
    {
        $prompt = trim($body->text('prompt'));
        $options = $this->options($request, $body);
        if ($prompt === '') {
            throw Refusal::shape('prompt is missing');
        }

        return $this->answer($this->mj->shorten($this->prompts->read($prompt), $options), $body);
    }

    public function seed(Request $request, Body $body): Response
    {
        $id = $body->text('image_id');
        $options = $this->options($request, $body);
        $task = $this->task($id);
        if ($task->seed !== null) {
            return Response::json(['seed' => (string) $task->seed] + AceDataShape::task($task));
        }

        return $this->answer($this->seeds->ask($task, $options), $body);
    }

    public function tasks(Body $body): Response
    {
        $action = $body->word('action', self::ACTIONS) ?? 'retrieve';
        $id = $body->text('id');
        $ids = $body->texts('ids');
        if ($action === 'retrieve') {
            return Response::json($this->item($this->task($id)));
        }
        if (count($ids) > self::MOST_IDS) {
            throw Refusal::shape('ids are too many: ' . self::MOST_IDS . ' are allowed');
        }
        $known = array_values(array_filter($ids, static fn(string $one): bool => preg_match('/^[0-9A-Z]{26}$/D', $one) === 1));
        $tasks = $known === [] ? [] : array_filter($this->mj->pollMany($known));
        $items = array_map(fn(Task $task): array => $this->item($task), array_values($tasks));

        return Response::json(['items' => $items, 'count' => count($items)]);
    }

    /**
     * What was asked for and what came of it; the latter also beside, where some of its clients look for it.
     *
     * @return array<string, mixed>
     */
    private function item(Task $task): array
    {
        $shape = AceDataShape::task($task);
        $finishedAt = $task->isFinished() ? $task->toArray()['finished_at'] : null;

        return [
            'id' => $task->id,
            'type' => strtolower((string) $task->action),
            'mode' => $task->mode,
            'created_at' => $task->toArray()['created_at'] / 1000,
            'finished_at' => $finishedAt === null ? null : $finishedAt / 1000,
            'request' => ['prompt' => $task->prompt, 'mode' => $task->mode],
            'response' => $shape,
        ] + $shape;
    }

    /** A value of a parameter, which is no permutation that makes several tasks. */
    private static function single(Body $body, string $name): string
    {
        $value = $body->text($name);

        return strpbrk($value, '{}') === false ? $value : throw Refusal::shape("$name must be one value");
    }

    private function task(string $id): Task
    {
        $task = preg_match('/^[0-9A-Z]{26}$/D', $id) === 1 ? $this->mj->poll($id) : null;

        return $task ?? throw new Refusal(404, Reply::NOT_FOUND, 'there is no such task');
    }

    /** @return array<string, string> */
    private function options(Request $request, Body $body): array
    {
        $mode = $body->word('mode', self::MODES);
        // Of the wrong type, they are to be refused before anything is submitted.
        $body->boolean('async');
        $body->number('timeout');
        $options = $this->hooks->options($request, $body->text('callback_url'), Hooks::ACE_DATA);

        return $options + ($mode === null ? [] : ['mode' => $mode]);
    }

    /** Waits for the end, unless the caller does not: a request that waits keeps a worker. */
    private function answer(Task $task, Body $body): Response
    {
        if ($body->boolean('async') || $body->text('callback_url') !== '') {
            return Response::json(['success' => true, 'task_id' => $task->id, 'trace_id' => $task->id]);
        }
        $timeout = min($body->number('timeout') ?? INF, (float) $this->settings->longestWait());
        $until = microtime(true) + $timeout;
        // One wait of the extension's is no longer than `mj.max_wait`.
        while (!$task->isFinished() && ($left = $until - microtime(true)) > 0) {
            $task = $this->mj->wait($task, $left);
        }

        return Response::json(AceDataShape::task($task));
    }
}
