<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator\Client;

use Mj\FailCode;
use Mj\Internal\Record;
use Mj\Testing\FakeMidjourney;
use Mj\Testing\Outcome;
use Mj\Tests\Simulator\Hub;
use Mj\Tests\Simulator\Png;
use PHPUnit\Framework\TestCase;

/** The fake does what the extension does: each scenario of `Contract` has the same facts with both behind the client. */
final class ContractTest extends TestCase
{
    /** Runs a scenario on the extension, in the process of a hub. */
    private const RUN = <<<'PHP'
        require_once $data['bootstrap'];
        return [Mj\Tests\Simulator\Client\Contract::class, $data['scenario']](new Mj\Midjourney(), ...$data['arguments']);
        PHP;

    private const GRID = [
        'upscale1', 'upscale2', 'upscale3', 'upscale4', 'reroll', 'variation1', 'variation2', 'variation3', 'variation4',
    ];

    private const NO_TASK = 'Argument #1 ($taskId): there is no such task';

    /** @var list<string> */
    private array $files = [];

    protected function tearDown(): void
    {
        array_map('unlink', array_filter($this->files, 'is_file'));
    }

    /** @return array<string, array{string}> */
    public function bothClients(): array
    {
        return ['the extension' => ['extension'], 'the fake' => ['fake']];
    }

    /** @dataProvider bothClients */
    public function testATaskGoesForwardToItsPicture(string $client): void
    {
        self::assertSame([
            'id' => 1,
            'begins as' => [true, 0, false],
            'order' => true,
            'was seen at work' => true,
            'progress rises' => true,
            'revisions rise' => true,
            'ends as' => ['SUCCESS', 100, true, true, false],
            'keys' => array_keys(Record::BLANK),
            'kept' => [true, 'a cat', 'order 7', 5, 'IMAGINE'],
            'images' => [1, true, 'image/png'],
            'buttons' => self::GRID,
            'polled again' => true,
            'times' => true,
            'not failed' => [null, null, false, true],
        ], $this->facts($client, 'lifeOfATask'));
    }

    /** @dataProvider bothClients */
    public function testButtonsMakeTasksOfTheirOwn(string $client): void
    {
        $single = 'upscale_subtle, upscale_creative, vary_subtle, vary_strong, vary_region, zoom_out_2x, zoom_out_1_5x, custom_zoom, '
            . 'pan_left, pan_right, pan_up, pan_down, animate_high, animate_low, bookmark, seed';
        $thrown = 'Mj\ActionUnavailableException: ';
        self::assertSame([
            'upscale' => ['SUCCESS', 'UPSCALE', true, 'a cat'],
            'offers' => [true, false, null],
            'variation' => ['SUCCESS', 'VARIATION', true],
            'spelt as ChatMoney does' => 'UPSCALE',
            'reroll' => 'REROLL',
            'bookmark' => ['SUCCESS', 'ACTION', true, false],
            'seed' => ['SEED', true, true, []],
            'show' => ['SHOW', true, true],
            'not offered' => "{$thrown}the task offers no \"upscale1\"; available are $single",
            'not finished' => "{$thrown}task ID is NOT_START; it has no buttons: they come with the picture",
            'its reason' => 'NOT_FINISHED',
        ], $this->facts($client, 'buttons'));
    }

    /** @dataProvider bothClients */
    public function testDescribeShortenAndInfoGiveTexts(string $client): void
    {
        $pictures = [];
        foreach ([1, 2, 3] as $number) {
            $pictures[] = $this->files[] = (string) tempnam(sys_get_temp_dir(), 'mj-png-');
            file_put_contents(end($pictures), Png::coloured($number));
        }
        self::assertSame([
            'describe' => ['SUCCESS', 'DESCRIBE', false, true, 'texts' => 4],
            'its buttons' => ['imagine1', 'imagine2', 'imagine3', 'imagine4', 'reroll', 'imagine_all'],
            'shorten' => ['SUCCESS', 'SHORTEN', false, false, 'texts' => 5, 'offers' => true],
            'info' => ['SUCCESS', 'COMMAND', false, false, 'fields' => true],
            'imagine one' => ['ACTION', true, true],
            'imagine all' => [true, 4, 4],
            'blend' => ['SUCCESS', 'BLEND', false, true],
        ], $this->facts($client, 'texts', $pictures));
    }

    /** @dataProvider bothClients */
    public function testAGroupIsSeenAsOneTask(string $client): void
    {
        self::assertSame([
            'group' => [true, 4, true, 'x'],
            'prompts' => ['a red fox', 'a red fox', 'a blue fox', 'a blue fox'],
            'members' => 4,
            'ends as' => ['SUCCESS', 100, 4, [], true],
            'keys' => [...array_keys(Record::BLANK), 'tasks'],
            'same key' => true,
            'listed' => true,
            'button' => 'NOT_OFFERED',
            'cancel' => false,
        ], $this->facts($client, 'groups'));
    }

    /** @dataProvider bothClients */
    public function testARefusalIsTheTasksState(string $client): void
    {
        self::assertSame([
            'task' => ['FAILURE', 'IMAGINE', false, false, 'retryable' => false, 'progress' => 0],
            'code' => ['BANNED_PROMPT', false, true],
            'thrown' => 'Mj\TaskFailedException: task ID ended without a result: FAILURE, BANNED_PROMPT',
            'button' => 'NOT_OFFERED',
            'download' => 'ValueError: mj_download(): Argument #1 ($taskId): has no pictures: it is FAILURE',
            'cancel' => false,
        ], $this->facts($client, 'failure'));
    }

    /** @dataProvider bothClients */
    public function testAStuckTaskTimesOutAndIsCancelled(string $client): void
    {
        self::assertSame([
            'waited' => ['IN_PROGRESS', false, true],
            'streamed' => ['IN_PROGRESS'],
            'cancelled' => [true, false, 'CANCEL'],
            'ends as' => ['CANCEL', true, null, []],
            'thrown' => 'Mj\TaskFailedException: task ID ended without a result: CANCEL',
        ], $this->facts($client, 'stuck'));
    }

    /** @dataProvider bothClients */
    public function testManyAreReadWaitedForAndListed(string $client): void
    {
        self::assertSame([
            'waited' => [['a cat', 'a dog', 'a bird'], 3],
            'told' => ['a dog', 'a cat'],
            'many' => [['a cat', null, 'a bird'], true],
            'unknown' => null,
            'pages' => [['a bird', 'a dog'], 2, ['a cat'], null],
            'filtered' => ['a bird'],
            'same key' => true,
            'image' => 'https://example.com/a.png',
            'status' => [[
                'version', 'state_dir', 'pid', 'sapi', 'grade', 'has_engine', 'configuration', 'hub', 'owner', 'gateway', 'log', 'network', 'queue', 'accounts',
                'webhooks', 'counters', 'hubs', 'incidents',
            ], true],
        ], $this->facts($client, 'reading'));
    }

    /** @dataProvider bothClients */
    public function testALoopIsWokenByEachChangeAndNobodyPolls(string $client): void
    {
        self::assertSame([
            'first' => [true, 3],
            'ended' => ['a cat', 'a dog', 'a red fox'],
            'thrown' => true,
            'changes' => [true, false],
            'quiet' => [[], false, false],
            'loud' => [true, true, 1],
            'closed' => [false, true],
        ], $this->facts($client, 'watching'));
    }

    /** @dataProvider bothClients */
    public function testWhatAnOperatorSees(string $client): void
    {
        $options = 'mj_doctor(): Argument #1 ($options) element';
        self::assertSame([
            'metrics' => ['1'],
            'report' => [
                ['ok', 'counts', 'checks'], true, ['ok' => 1, 'warning' => 0, 'failed' => 0, 'skipped' => 0, 'unknown' => 0], 1, 1,
            ],
            'check' => [['name', 'title', 'status', 'seen', 'todo', 'because'], 'PHP', 'ok', false, null],
            'seen' => true,
            'same' => [true, true],
            'others' => [null, []],
            'option' => "ValueError: $options \"colour\": no such option; known are config, format, idle, lang, network, only, timeout",
            'type' => "TypeError: $options \"network\" must be of type bool, int given",
            'format' => 'ValueError: Mj\Client::doctor(): Argument #1 ($options) takes no "format": the report is an object',
        ], $this->facts($client, 'operating'));
    }

    /** @dataProvider bothClients */
    public function testTheFeedIsHandledAndAcknowledged(string $client): void
    {
        self::assertSame([
            'order' => true,
            'several' => true,
            'as it is now' => true,
            'acknowledged' => 2,
            'own place' => true,
            'stopped' => ['DomainException: no more', ['SUCCESS'], 1],
            'rest' => [true, 0],
            'nothing' => [],
        ], $this->facts($client, 'feed'));
    }

    /** @dataProvider bothClients */
    public function testPicturesAreSaved(string $client): void
    {
        $directory = sys_get_temp_dir() . '/mj-client-' . bin2hex(random_bytes(4));
        mkdir($directory);
        $facts = $this->facts($client, 'pictures', $directory);
        $this->files = (array) glob("$directory/*");
        self::assertCount(3, $this->files);
        $this->tearDown();
        rmdir($directory);

        self::assertSame(['files' => [['ID.png', 'ID-2-64px.png', 'ID-4-64px.png'], true], 'type' => 'image/png'], $facts);
    }

    /** @dataProvider bothClients */
    public function testThePreviewOfATaskAtWorkIsSaved(string $client): void
    {
        $directory = sys_get_temp_dir() . '/mj-client-' . bin2hex(random_bytes(4));
        mkdir($directory);
        $facts = $this->facts($client, 'previews', $directory);
        rmdir($directory);

        $said = 'ValueError: mj_download(): Argument';
        self::assertSame([
            'early' => [],
            'running' => ["$directory/ID-preview.webp"],
            'small' => ["$directory/ID-preview-64px.png"],
            'finished ones' => "$said #1 (\$taskId): has no pictures: it is IN_PROGRESS",
            'cut' => "$said #3 (\$options) element \"split\": cuts finished grids only: leave out options.preview",
            'nowhere' => "$said #2 (\$directory): is not an existing directory",
            'ended' => [],
        ], $facts);
    }

    /** @dataProvider bothClients */
    public function testBadArgumentsAreRefusedInTheSameWords(string $client): void
    {
        $options = 'account, idempotency_key, mode, notify_url, priority, state, timeout, user_token, bot, upload';
        $empty = 'Argument #1 ($prompt): the prompt is empty: give a text, an image or both';
        $value = [
            'empty prompt' => "mj_imagine(): $empty",
            'no such option' => "mj_describe(): Argument #2 (\$options) element \"seed\": no such option; known are $options",
            'mode' => 'mj_imagine(): Argument #2 ($options) element "mode" must be fast, relax or turbo',
            'no such file' => 'mj_describe(): Argument #1 ($image): there is no such file',
            'one picture' => 'mj_blend(): Argument #1 ($images) must have 2 to 5 pictures, 1 given',
            'nothing to shorten' => "mj_shorten(): $empty",
            'no job' => "mj_show(): Argument #1 (\$jobId) must be a job's uuid (8-4-4-4-12 hexadecimal digits) or a task's id",
            'no job of a task' => 'mj_show(): Argument #1 ($jobId): is the id of no task',
            'job not known' => 'mj_show(): Argument #1 ($jobId): is a task whose job at Midjourney is not known',
            'no such command' => 'mj_command(): Argument #1 ($name): no such command; known are fast, info, prefer remix, private, '
                . 'public, relax, settings, stealth, turbo',
            'takes nothing' => 'mj_command(): Argument #2 ($arguments) must be empty, "info" takes none',
            'no such task' => 'mj_action(): ' . self::NO_TASK,
            'no button' => "mj_action(): Argument #2 (\$action): is empty: give a button's name or custom_id",
            'wait for nothing' => 'mj_wait(): ' . self::NO_TASK,
            'wait for many' => 'mj_wait(): ' . self::NO_TASK,
            'stream nothing' => 'mj_wait(): ' . self::NO_TASK,
            'no slice' => 'Mj\Client::stream(): Argument #3 ($slice) must be greater than 0',
            'tell of nothing' => 'mj_wait(): ' . self::NO_TASK,
            'negative' => 'mj_wait(): Argument #2 ($timeout) must be greater than or equal to 0',
            'cancel nothing' => 'mj_cancel(): ' . self::NO_TASK,
            'filter' => 'mj_tasks(): Argument #1 ($filter) element "colour": no such filter; known are status, parent_id, '
                . 'group_id, account, state, hub',
            'limit' => 'mj_tasks(): Argument #2 ($limit) must be from 1 to 1000',
            'cursor' => 'mj_tasks(): Argument #3 ($cursor): not a cursor that a list has given',
            'consumer' => 'mj_events(): Argument #1 ($consumer) must be 1 to 64 characters of A-Z, a-z, 0-9, "_", ".", ":" and "-"',
            'ack' => 'mj_ack(): Argument #2 ($cursor) must be greater than or equal to 0',
            'address' => 'mj_image_url(): Argument #1 ($url) must be an http or https address',
        ];
        $expected = array_map(static fn(string $message): string => "ValueError: $message", $value);
        $expected['type'] = 'TypeError: mj_imagine(): Argument #2 ($options) element "seed" must be of type int, array given';
        $facts = $this->facts($client, 'refusals');
        ksort($expected);
        ksort($facts);

        self::assertSame($expected, $facts);
    }

    public function testTheFakeRefusesWhatTheExtensionRefuses(): void
    {
        $said = Refusals::all(new FakeMidjourney());
        $hub = new Hub(['gateway' => 'user', 'spacing' => '5ms', 'queue_size' => 1000]);
        $run = 'require_once $data; return Mj\\Tests\\Simulator\\Client\\Refusals::all(new Mj\\Midjourney());';

        self::assertSame($hub->run($run, __DIR__ . '/../bootstrap.php'), $said);
        self::assertGreaterThan(30, count(preg_grep('/^taken/', $said)));
        self::assertGreaterThan(80, count(preg_grep('/^ValueError/', $said)));
    }

    /** @return array<string, mixed> */
    private function facts(string $client, string $scenario, mixed ...$arguments): array
    {
        if ($client === 'fake') {
            $outcome = match ($scenario) {
                'failure' => Outcome::failure(FailCode::BANNED_PROMPT),
                'stuck', 'previews' => Outcome::stuck(),
                default => Outcome::success(),
            };

            return [Contract::class, $scenario]((new FakeMidjourney())->will($outcome), ...$arguments);
        }
        $hub = new Hub(['gateway' => 'user', 'spacing' => '20ms']);
        if ($scenario === 'failure') {
            $hub->simulator->control('refuse', ['name' => 'banned']);
        }
        $hub->simulator->control('config', ['set' => ['hold_finals' => in_array($scenario, ['stuck', 'previews'], true)]]);

        return $hub->run(self::RUN, [
            'bootstrap' => __DIR__ . '/../bootstrap.php',
            'scenario' => $scenario,
            'arguments' => $arguments,
        ]);
    }
}
