<?php

declare(strict_types=1);

namespace Mj\Http;

use Mj\Button;
use Mj\Client;
use Mj\Task;

/**
 * `/mj/submit/…`
 *
 * @internal
 *
 * @phpstan-import-type Dialog from Dialogs
 */
final class Submissions
{
    public const BOTS = ['MID_JOURNEY', 'NIJI_JOURNEY', 'mj', 'niji'];
    public const MODES = ['FAST', 'RELAX', 'TURBO'];
    private const ACTIONS = ['UPSCALE', 'VARIATION', 'REROLL'];
    private const INDEXES = ['1', '2', '3', '4'];
    private const DIMENSIONS = ['PORTRAIT', 'SQUARE', 'LANDSCAPE'];
    /** Buttons that always open a dialog. */
    private const FORMS = '/^(custom_zoom|vary_region|animate_(high|low)_manual|imagine[1-5])$/D';
    /** Buttons that open one in remix mode. */
    private const REMIX = '/^(variation[1-4]|reroll|vary_(subtle|strong)|zoom_out_.+|make_square|pan_.+|(animate|extend)_(high|low))$/D';

    public function __construct(
        private Client $mj,
        private Settings $settings,
        private Hooks $hooks,
        private Dialogs $dialogs,
        private Prompts $prompts,
    ) {}

    public function imagine(Request $request, Body $body, ?string $mode): Response
    {
        $prompt = $body->text('prompt');
        $pictures = $body->text('base64') === '' ? $body->texts('base64Array') : [...$body->texts('base64Array'), $body->text('base64')];
        $options = $this->options($request, $body, $mode, true);
        $prompt = self::present($this->prompts->painted($prompt, $options['mode'] ?? null));
        if ($pictures !== []) {
            $options['images'] = array_map(static fn(string $one): string => Pictures::given('base64Array', $one), $pictures);
        }

        return $this->submitted($this->mj->imagine($prompt, $options));
    }

    public function describe(Request $request, Body $body, ?string $mode): Response
    {
        $link = $body->text('link');
        $picture = $body->text('base64') === '' ? $link : $body->text('base64');
        $options = $this->options($request, $body, $mode, true);
        if (trim($picture) === '') {
            throw Refusal::sense('base64 is missing');
        }

        return $this->submitted($this->mj->describe(Pictures::given('base64', $picture), $options));
    }

    public function blend(Request $request, Body $body, ?string $mode): Response
    {
        $dimensions = $body->word('dimensions', self::DIMENSIONS);
        $pictures = $body->texts('base64Array');
        $options = $this->options($request, $body, $mode, true);
        if ($dimensions !== null) {
            $options['dimensions'] = strtolower($dimensions);
        }
        if (count($pictures) < 2 || count($pictures) > 5) {
            throw Refusal::sense('base64Array must have 2 to 5 pictures');
        }
        $pictures = array_map(static fn(string $one): string => Pictures::given('base64Array', $one), $pictures);

        return $this->submitted($this->mj->blend($pictures, $options));
    }

    public function shorten(Request $request, Body $body, ?string $mode): Response
    {
        $prompt = $body->text('prompt');
        $options = $this->options($request, $body, $mode, true);

        return $this->submitted($this->mj->shorten(self::present($this->prompts->read($prompt)), $options));
    }

    public function show(Request $request, Body $body, ?string $mode): Response
    {
        $job = trim($body->text('jobId'));
        $options = $this->options($request, $body, $mode, true);
        if ($job === '') {
            throw Refusal::sense('jobId is missing');
        }

        return $this->submitted($this->mj->show($this->dialogs->task($job) ?? $job, $options));
    }

    public function change(Request $request, Body $body, ?string $mode): Response
    {
        $action = $body->word('action', self::ACTIONS);
        $index = $body->integer('index', self::INDEXES);
        $id = $body->text('taskId');
        $options = $this->options($request, $body, $mode, false);
        if ($action === null) {
            throw Refusal::sense('action is missing');
        }

        return $this->changed($id, $action, $index, $options);
    }

    /** The same in one line: `ID U2`. */
    public function simpleChange(Request $request, Body $body, ?string $mode): Response
    {
        $content = $body->text('content');
        $options = $this->options($request, $body, $mode, false);
        if (preg_match('/^\s*(\S+)\s+(?:([uv])([1-4])|r)\s*$/iD', $content, $found) !== 1) {
            throw Refusal::sense('content must be the id of a task and U1 to U4, V1 to V4 or R');
        }
        $action = match (strtolower($found[2] ?? '')) {
            'u' => 'UPSCALE',
            'v' => 'VARIATION',
            default => 'REROLL',
        };

        return $this->changed($found[1], $action, isset($found[3]) ? (int) $found[3] : null, $options);
    }

    public function action(Request $request, Body $body, ?string $mode): Response
    {
        $custom = trim($body->text('customId'));
        $id = $body->text('taskId');
        $options = $this->options($request, $body, $mode, false);
        if ($custom === '') {
            throw Refusal::sense('customId is missing');
        }
        $task = $this->parent($id);
        $button = $task->button($custom);
        if ($button !== null && $this->opensDialog((string) $button->action)) {
            $hook = $this->hooks->checked($body->text('notifyHook'));
            $dialog = $this->dialogs->open($task, $button, $options['state'] ?? null, $hook, $options['mode'] ?? null);
            $properties = ['finalPrompt' => $dialog['prompt'], 'remix' => true];

            return Reply::of(Reply::EXISTED, 'Waiting for window confirm', $dialog['id'], $properties);
        }

        return $this->submitted($this->mj->action($task, $custom, $options));
    }

    /** The words for a button that was answered with the code 21; what else comes with them goes before what came with it. */
    public function modal(Request $request, Body $body, ?string $mode): Response
    {
        $id = $body->text('taskId');
        $given = array_filter([
            'prompt' => trim($body->text('prompt')),
            'mask' => $body->text('maskBase64'),
            'state' => $body->label('state'),
            'hook' => trim($body->text('notifyHook')),
            'mode' => (string) $mode,
        ], static fn(string $one): bool => $one !== '');

        return $this->dialogs->alone($id, fn(): Response => $this->spoken($request, $id, $given));
    }

    /** @param array<string, string> $given */
    private function spoken(Request $request, string $id, array $given): Response
    {
        $dialog = $this->dialogs->find($id);
        if ($dialog === null) {
            throw new Refusal(200, Reply::NOT_FOUND, 'there is no such task, or it waits for no words');
        }
        if ($dialog['cancelled'] !== null) {
            throw Refusal::sense('the task was cancelled');
        }
        if ($dialog['task'] !== null) {
            $task = $this->mj->poll($dialog['task']);

            return $task === null ? $this->missing() : $this->submitted($task, $dialog['id']);
        }
        if (isset($given['prompt'])) {
            $given['prompt'] = self::present($this->prompts->painted($given['prompt'], $given['mode'] ?? $dialog['mode']));
        }

        return $this->submitted($this->answer($request, $dialog, $given), $dialog['id']);
    }

    /**
     * @param Dialog                $dialog
     * @param array<string, string> $given
     */
    private function answer(Request $request, array $dialog, array $given): Task
    {
        // The same words twice are one task, whatever befell the first answer.
        $options = ['idempotency_key' => "relay:{$dialog['id']}"];
        $hook = $given['hook'] ?? $dialog['hook'];
        if ($hook !== '') {
            $options += $this->hooks->options($request, $hook, Hooks::PROXY, $dialog['id']);
        }
        if (isset($given['mask'])) {
            $given['mask'] = Pictures::data('maskBase64', $given['mask']);
        }
        unset($given['hook']);
        $options += $given + array_filter(
            ['state' => $dialog['state'], 'mode' => $dialog['mode']],
            static fn(?string $value): bool => $value !== null,
        );
        $task = $this->mj->action($this->parent($dialog['parent']), $dialog['button'], $options);
        $this->dialogs->answered($dialog, $task->id);

        return $task;
    }

    /** @param array<string, mixed> $options */
    private function changed(string $id, string $action, ?int $index, array $options): Response
    {
        if ($action !== 'REROLL' && ($index === null || $index < 1 || $index > 4)) {
            throw Refusal::sense('index must be 1 to 4');
        }
        $button = match ($action) {
            'UPSCALE' => "upscale$index",
            'VARIATION' => "variation$index",
            default => Button::REROLL,
        };

        return $this->submitted($this->mj->action($this->parent($id), $button, $options));
    }

    private function parent(string $id): Task
    {
        if (trim($id) === '') {
            throw Refusal::sense('taskId is missing');
        }
        $own = $this->dialogs->task(trim($id));
        $task = $own === null ? null : $this->mj->poll($own);
        if ($task === null) {
            throw new Refusal(200, Reply::NOT_FOUND, 'there is no such task');
        }

        return $task->succeeded() ? $task : throw Refusal::sense('the task has not succeeded');
    }

    private function opensDialog(string $action): bool
    {
        return preg_match(self::FORMS, $action) === 1 || ($this->settings->remix() && preg_match(self::REMIX, $action) === 1);
    }

    private static function present(string $prompt): string
    {
        return $prompt === '' ? throw Refusal::sense('prompt is missing') : $prompt;
    }

    /**
     * What all submissions have in common. It is read last, so that a request of the wrong shape is told so, whatever
     * else is wrong with it.
     *
     * @param string|null $mode  of the address: `/mj-fast`
     * @param bool        $isNew whether it is not a button of a task, whose account and bot are fixed
     *
     * @return array<string, string>
     */
    private function options(Request $request, Body $body, ?string $mode, bool $isNew): array
    {
        $filter = $body->object('accountFilter');
        $modes = $filter->words('modes', self::MODES);
        $account = trim($filter->text('instanceId'));
        $bot = $body->word('botType', self::BOTS);
        $state = $body->label('state');
        $options = $this->hooks->options($request, $body->text('notifyHook'), Hooks::PROXY);
        if ($state !== '') {
            $options['state'] = $state;
        }
        if ($mode !== null || $modes !== []) {
            $options['mode'] = $mode ?? strtolower($modes[0]);
        }
        if ($isNew && $account !== '') {
            $options['account'] = $account;
        }
        if ($isNew && ($bot === 'NIJI_JOURNEY' || $bot === 'niji')) {
            $options['bot'] = 'niji';
        }

        return $options;
    }

    /** @param string|null $id the one by which the caller knows it, where it is not its own */
    private function submitted(Task $task, ?string $id = null): Response
    {
        $position = $task->queuePosition ?? 0;
        $properties = $task->account === null ? [] : ['discordInstanceId' => $task->account];
        if ($position > 0) {
            $properties['numberOfQueues'] = $position;

            return Reply::of(Reply::IN_QUEUE, "In queue, there are $position tasks before it", $id ?? $task->id, $properties);
        }

        return Reply::of(Reply::SUCCESS, 'Submit success', $id ?? $task->id, $properties);
    }

    private function missing(): Response
    {
        return Reply::of(Reply::NOT_FOUND, 'there is no such task');
    }
}
