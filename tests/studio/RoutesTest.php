<?php

declare(strict_types=1);

namespace Mj\Tests\Studio;

use Mj\FailCode;
use Mj\QueueFullException;
use Mj\Testing\Outcome;

/** What the page asks for, and what it is answered. */
final class RoutesTest extends StudioTestCase
{
    private const PNG = "\x89PNG\r\n\x1a\n and so on";

    protected function setUp(): void
    {
        parent::setUp();
        $this->enter();
    }

    public function testAPromptIsSubmittedWithItsParametersOnce(): void
    {
        $body = ['prompt' => '  a cat ', 'key' => 'once-and-once', 'parameters' => ['aspect' => '3:2', 'stylize' => '250', 'raw' => '1', 'no' => 'text, people']];
        [$task] = self::json($this->ask('POST', 'api/imagine', ['body' => $body]), 201)['tasks'];
        [$again] = self::json($this->ask('POST', 'api/imagine', ['body' => $body]), 201)['tasks'];
        self::assertSame($task['id'], $again['id']);
        $this->mj->assertSubmittedCount(1);
        $options = $this->mj->submissions()[0]->options();
        self::assertSame(['aspect' => '3:2', 'stylize' => '250', 'raw' => true, 'no' => 'text, people'], array_diff_key($options, ['idempotency_key' => 0]));
    }

    public function testAPromptMayBeAsLongInAnyWriting(): void
    {
        $prompt = str_repeat('海边的灯塔，', 900);
        foreach (['imagine', 'shorten'] as $call) {
            [$task] = self::json($this->ask('POST', "api/$call", ['body' => ['prompt' => $prompt]]), 201)['tasks'];
            self::assertSame($prompt, $task['prompt']);
        }
        $done = $this->mj->wait($this->mj->wait($this->mj->imagine('a grid')));
        self::json($this->ask('POST', "api/tasks/$done->id/press", ['body' => ['action' => 'variation1', 'prompt' => $prompt]]), 201);
    }

    /** @return array<string, array{array<string, mixed>, string}> */
    public function badPrompts(): array
    {
        return [
            'empty' => [['prompt' => '  '], 'no_prompt'],
            'missing' => [[], 'no_prompt'],
            'no text' => [['prompt' => ['a']], 'invalid'],
            'too long' => [['prompt' => str_repeat('a', 9000)], 'invalid'],
            'unknown parameter' => [['prompt' => 'a cat', 'parameters' => ['notify_url' => 'http://192.0.2.1/']], 'invalid'],
            'parameter of two lines' => [['prompt' => 'a cat', 'parameters' => ['aspect' => "3:2\n"]], 'invalid'],
            'odd parameter' => [['prompt' => 'a cat', 'parameters' => ['aspect' => '3:2 --video']], 'invalid'],
            'parameter of another type' => [['prompt' => 'a cat', 'parameters' => ['seed' => [1]]], 'invalid'],
        ];
    }

    /**
     * @dataProvider badPrompts
     *
     * @param array<string, mixed> $body
     */
    public function testABadPromptIsRefused(array $body, string $reason): void
    {
        self::assertRefused(422, $reason, $this->ask('POST', 'api/imagine', ['body' => $body]));
        $this->mj->assertNothingSubmitted();
    }

    public function testTheExtensionsRefusalsAreToldInItsWords(): void
    {
        $full = new QueueFullException('100 tasks wait');
        $full->retryAfter = 7;
        $this->mj->will(Outcome::throwing($full), Outcome::throwing(new \ValueError('mj_imagine(): Argument #1 ($prompt) must not have a null byte')));
        $refused = $this->ask('POST', 'api/imagine', ['body' => ['prompt' => 'a cat']]);
        self::assertRefused(503, 'queue_full', $refused);
        self::assertSame('7', $refused->headers['Retry-After']);
        $refused = self::json($this->ask('POST', 'api/imagine', ['body' => ['prompt' => 'a cat']]), 422);
        self::assertSame('Must not have a null byte', $refused['message']);
    }

    public function testPicturesArePartOfAPrompt(): void
    {
        $body = ['prompt' => 'a cat', 'parameters' => '{"aspect":"3:2"}'];
        self::json($this->ask('POST', 'api/imagine', ['body' => $body, 'files' => [$this->upload(self::PNG), $this->upload(self::PNG)]]), 201);
        $options = $this->mj->submissions()[0]->options();
        self::assertSame('3:2', $options['aspect']);
        self::assertCount(2, $options['images']);
        self::assertStringStartsWith('data:image/png;base64,', $options['images'][0]);
        self::json($this->ask('POST', 'api/imagine', ['files' => [$this->upload(self::PNG)]]), 201);
        $six = array_map(fn (): array => $this->upload(self::PNG), range(1, 6));
        self::assertRefused(422, 'many_pictures', $this->ask('POST', 'api/imagine', ['body' => $body, 'files' => $six]));
        self::assertRefused(422, 'invalid', $this->ask('POST', 'api/imagine', ['body' => ['parameters' => '{"aspect":[1]}'] + $body]));
    }

    public function testAPromptIsShortened(): void
    {
        self::json($this->ask('POST', 'api/shorten', ['body' => ['prompt' => 'a very long prompt']]), 201);
        self::assertSame('shorten', $this->mj->submissions()[0]->call());
        self::assertRefused(422, 'no_prompt', $this->ask('POST', 'api/shorten', ['body' => []]));
    }

    public function testAPictureIsDescribed(): void
    {
        self::json($this->ask('POST', 'api/describe', ['files' => [$this->upload(self::PNG)]]), 201);
        [$submission] = $this->mj->submissions();
        self::assertSame('describe', $submission->call());
    }

    public function testPicturesAreBlended(): void
    {
        $files = [$this->upload(self::PNG), $this->upload("\xff\xd8\xff picture")];
        self::json($this->ask('POST', 'api/blend', ['files' => $files, 'body' => ['dimensions' => 'portrait']]), 201);
        [$submission] = $this->mj->submissions();
        self::assertSame('blend', $submission->call());
        self::assertSame('portrait', $submission->options()['dimensions']);
    }

    public function testWhatIsNoPictureIsRefused(): void
    {
        self::assertRefused(422, 'one_picture', $this->ask('POST', 'api/describe'));
        self::assertRefused(422, 'no_picture', $this->ask('POST', 'api/describe', ['files' => [$this->upload('<?php echo 1;')]]));
        self::assertRefused(422, 'no_picture', $this->ask('POST', 'api/describe', ['files' => [$this->upload('<svg onload="x()"/>')]]));
        self::assertRefused(422, 'unreadable', $this->ask('POST', 'api/describe', ['files' => [['error' => UPLOAD_ERR_PARTIAL, 'path' => '']]]));
        self::assertRefused(413, 'too_large', $this->ask('POST', 'api/describe', ['files' => [['error' => UPLOAD_ERR_INI_SIZE, 'path' => '']]]));
        self::assertRefused(413, 'too_large', $this->ask('POST', 'api/describe', ['files' => [$this->upload(self::PNG . str_repeat('.', 10 << 20))]]));
        self::assertRefused(422, 'blend_pictures', $this->ask('POST', 'api/blend', ['files' => [$this->upload(self::PNG)]]));
        $this->mj->assertNothingSubmitted();
    }

    public function testAButtonIsPressedWithOtherWords(): void
    {
        $grid = $this->mj->wait($this->mj->imagine('a cat'));
        [$made] = self::json($this->ask('POST', "api/tasks/$grid->id/press", ['body' => ['action' => 'upscale2']]), 201)['tasks'];
        self::assertSame($grid->id, $made['parent_id']);
        $this->mj->assertPressed($grid, 'upscale2');
        self::json($this->ask('POST', "api/tasks/$grid->id/press", ['body' => ['action' => 'variation1', 'prompt' => 'a black cat']]), 201);
        self::assertSame('a black cat', $this->mj->submissions()[2]->options()['prompt']);
        self::assertRefused(409, 'unavailable', $this->ask('POST', "api/tasks/$grid->id/press", ['body' => ['action' => 'pan_left']]));
        self::assertRefused(422, 'invalid', $this->ask('POST', "api/tasks/$grid->id/press", ['body' => ['action' => 'vary_region', 'mask' => '/etc/passwd']]));
    }

    public function testATaskIsCancelled(): void
    {
        $task = $this->mj->imagine('a cat');
        self::assertTrue(self::json($this->ask('POST', "api/tasks/$task->id/cancel"))['cancelled']);
        $this->mj->assertCancelled($task);
    }

    public function testATaskIsToldWithoutAnyAddressOfDiscords(): void
    {
        $task = $this->mj->wait($this->mj->imagine('a cat'));
        $text = self::text($this->ask('GET', "api/tasks/$task->id"));
        self::assertDoesNotMatchRegularExpression('~https?://~', $text);
        self::assertSame("pictures/$task->id/0", json_decode($text, true)['images'][0]['src']);
        self::assertRefused(404, 'nothing', $this->ask('GET', 'api/tasks/' . str_repeat('0', 26)));
    }

    public function testPicturesComeByTheStudioAndAreKept(): void
    {
        $task = $this->mj->wait($this->mj->imagine('a cat'));
        foreach (['', '?w=640', '?w=640'] as $width) {
            $picture = $this->ask('GET', "pictures/$task->id/0$width");
            self::assertSame(200, $picture->status);
            self::assertSame('image/png', $picture->headers['Content-Type']);
            self::assertStringContainsString('immutable', $picture->headers['Cache-Control']);
        }
        $cached = glob($this->settings()->directory . '/pictures/*') ?: [];
        self::assertSame(["$task->id-0-0", "$task->id-0-640"], array_map('basename', $cached));
        self::assertRefused(404, 'no_image', $this->ask('GET', "pictures/$task->id/7"));
        self::assertRefused(422, 'invalid', $this->ask('GET', "pictures/$task->id/0?w=641"));
        self::assertRefused(404, 'nothing', $this->ask('GET', 'pictures/../../key'));
    }

    public function testThePreviewOfATaskAtWorkIsShownAndKept(): void
    {
        $this->mj->will(Outcome::stuck(35));
        $task = $this->mj->wait($this->mj->imagine('a cat'), 5.0);
        self::assertSame("previews/$task->id/$task->revision", self::json($this->ask('GET', "api/tasks/$task->id"))['preview']);
        foreach ([1, 2] as $revision) {
            $picture = $this->ask('GET', "previews/$task->id/$revision");
            self::assertSame([200, 'image/png'], [$picture->status, $picture->headers['Content-Type']]);
        }
        $cached = array_map('basename', glob($this->settings()->directory . '/pictures/*') ?: []);
        self::assertCount(1, $cached);
        self::assertStringStartsWith("$task->id-0-preview-", $cached[0]);
    }

    public function testATaskThatShowsNothingHasNoPreview(): void
    {
        $waiting = $this->mj->imagine('a cat');
        $finished = $this->mj->wait($this->mj->imagine('a dog'));
        foreach ([$waiting, $finished] as $task) {
            self::assertRefused(404, 'no_image', $this->ask('GET', "previews/$task->id/1"));
        }
        self::assertRefused(404, 'no_image', $this->ask('GET', 'previews/' . str_repeat('0', 26) . '/1'));
        self::assertSame([], glob($this->settings()->directory . '/pictures/*'));
    }

    public function testTheGalleryIsSearched(): void
    {
        $this->mj->on(static fn ($one): ?Outcome => str_contains($one->subject(), 'war') ? Outcome::failure(FailCode::BANNED_PROMPT) : null);
        foreach (range(1, 60) as $number) {
            $this->mj->wait($this->mj->imagine("ship number $number" . ($number % 20 === 0 ? ' in the Mist' : '')));
        }
        $this->mj->wait($this->mj->imagine('a war ship'));
        $prompts = fn (string $query): array => array_column(self::json($this->ask('GET', "api/tasks?$query"))['tasks'], 'prompt');

        self::assertSame(['ship number 60 in the Mist', 'ship number 40 in the Mist', 'ship number 20 in the Mist'], $prompts('q=mist+SHIP'));
        self::assertSame(['a war ship'], $prompts('kind=failed'));
        self::assertSame([], $prompts('q=war&kind=pictures'));
        self::assertSame([], $prompts('q=submarine'));
        self::assertSame(['ship number 20 in the Mist'], $prompts('q=' . rawurlencode("mist\u{3000}20")), 'as an input method writes a space');
        self::assertSame([], $prompts('q=' . rawurlencode(str_repeat('港', 200))));
        self::assertRefused(422, 'invalid', $this->ask('GET', 'api/tasks?q=' . rawurlencode("mist \xe6")));
        self::assertRefused(422, 'invalid', $this->ask('GET', 'api/tasks?q=' . str_repeat('a', 5000)));
        self::assertRefused(422, 'invalid', $this->ask('GET', 'api/tasks?kind=none'));

        $all = [];
        $cursor = '';
        do {
            $part = self::json($this->ask('GET', 'api/tasks?cursor=' . rawurlencode($cursor)));
            array_push($all, ...array_column($part['tasks'], 'id'));
            $cursor = $part['cursor'] ?? '';
        } while ($cursor !== '');
        self::assertCount(61, array_unique($all));
    }

    public function testStatusSaysWhatConcernsAPerson(): void
    {
        $status = self::json($this->ask('GET', 'api/status'));
        self::assertSame(['version', 'configured', 'owner', 'connections', 'network', 'queue', 'accounts'], array_keys($status));
    }

    public function testABugTellsNothingOfItself(): void
    {
        $log = tempnam($this->settings()->directory, 'log');
        $before = ini_set('error_log', $log);
        $this->mj->will(Outcome::throwing(new \LogicException('the words of a visitor')));
        $answer = self::text($this->ask('POST', 'api/imagine', ['body' => ['prompt' => 'a cat']]));
        ini_set('error_log', (string) $before);
        self::assertStringContainsString('"broken"', $answer);
        self::assertStringContainsString('LogicException', (string) file_get_contents($log));
        self::assertStringNotContainsString('visitor', $answer . file_get_contents($log));
    }

    public function testOtherMethodsAndPathsAreNothing(): void
    {
        self::assertRefused(405, 'method', $this->ask('DELETE', 'api/tasks'));
        self::assertRefused(404, 'nothing', $this->ask('GET', 'api/nothing'));
        self::assertRefused(404, 'nothing', $this->ask('POST', 'api/nothing'));
    }
}
