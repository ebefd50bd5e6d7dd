<?php

declare(strict_types=1);

namespace Mj\Tests\Relay;

use Mj\Http\Seeds;
use Mj\Testing\Outcome;
use Mj\Tests\Simulator\Png;
use PHPUnit\Framework\TestCase;

/** `/mj/task/…` and `/mj/account/…`: what callers are shown of tasks. */
final class TaskTest extends TestCase
{
    private const FIELDS = [
        'id', 'action', 'status', 'prompt', 'promptEn', 'description', 'state', 'submitTime', 'startTime', 'finishTime',
        'progress', 'imageUrl', 'failReason', 'properties', 'buttons',
    ];

    public function testALifeInMidjourneyProxysWords(): void
    {
        $desk = new Desk();
        $id = $desk->ask('/mj/submit/imagine', ['prompt' => 'a cat --ar 3:2', 'state' => 'order 7'])->json()['result'];
        $seen = [];
        do {
            $task = $desk->ask("/mj/task/$id/fetch")->json();
            $seen[] = [$task['status'], $task['progress']];
        } while (!in_array($task['status'], ['SUCCESS', 'FAILURE'], true));

        $expected = [['NOT_START', null], ['SUBMITTED', '0%'], ['IN_PROGRESS', '0%'], ['IN_PROGRESS', '35%'], ['IN_PROGRESS', '70%'], ['SUCCESS', '100%']];
        self::assertSame($expected, array_values(array_unique($seen, SORT_REGULAR)));
        self::assertSame(self::FIELDS, array_keys($task));
        self::assertSame([$id, 'IMAGINE', 'a cat --ar 3:2', '/imagine a cat --ar 3:2', 'order 7'], [$task['id'], $task['action'], $task['prompt'], $task['description'], $task['state']]);
        self::assertSame($task['prompt'], $task['promptEn']);
        self::assertMatchesRegularExpression('~^https?://~', $task['imageUrl']);
        self::assertEqualsWithDelta(time() * 1000, $task['submitTime'], 60_000);
        self::assertGreaterThanOrEqual($task['submitTime'], $task['startTime']);
        self::assertGreaterThanOrEqual($task['startTime'], $task['finishTime']);
        $known = $desk->mj->poll($id);
        self::assertSame([$known->finalPrompt, $known->messageId, $known->jobId], [$task['properties']['finalPrompt'], $task['properties']['messageId'], $task['properties']['messageHash']]);
        self::assertNull($task['failReason']);
    }

    public function testAFailureSaysWhyAndHasNoProgress(): void
    {
        $desk = new Desk();
        $desk->mj->will(Outcome::failure('BANNED_PROMPT', 'the prompt contains a banned word'));
        $id = $desk->done('/mj/submit/imagine', ['prompt' => 'x']);
        $task = $desk->ask("/mj/task/$id/fetch")->json();
        self::assertSame(['FAILURE', '', 'the prompt contains a banned word', 'BANNED_PROMPT', []], [$task['status'], $task['progress'], $task['failReason'], $task['properties']['failCode'], $task['buttons']]);
    }

    public function testPromptsThatWereReadAreTheFinalPrompt(): void
    {
        $desk = new Desk();
        $desk->mj->will(Outcome::success()->withTexts(['a cat --ar 1:1', 'two cats --ar 1:1']));
        $id = $desk->done('/mj/submit/describe', ['base64' => Png::data(Png::coloured())]);
        $task = $desk->ask("/mj/task/$id/fetch")->json();
        self::assertSame("1\u{FE0F}\u{20E3} a cat --ar 1:1\n\n2\u{FE0F}\u{20E3} two cats --ar 1:1", $task['properties']['finalPrompt']);
        self::assertSame($task['properties']['finalPrompt'], $task['promptEn']);
    }

    public function testAPromptThatMakesSeveralTasksNamesThem(): void
    {
        $desk = new Desk(['SEVERAL' => '1']);
        $id = $desk->done('/mj/submit/imagine', ['prompt' => 'a {red, blue} cat']);
        $group = $desk->ask("/mj/task/$id/fetch")->json();
        self::assertSame([$id, 'SUCCESS', []], [$group['id'], $group['status'], $group['buttons']]);
        self::assertCount(2, $group['properties']['tasks']);
        $tasks = $desk->ask('/mj/task/list-by-condition', ['ids' => $group['properties']['tasks']])->json();
        self::assertNotSame([], $tasks[1]['buttons']);
    }

    public function testListIsNewestFirstAndQueueOldestFirst(): void
    {
        $desk = new Desk();
        $desk->mj->will(Outcome::success(), Outcome::stuck(), Outcome::stuck());
        $first = $desk->done('/mj/submit/imagine', ['prompt' => 'one']);
        $second = $desk->ask('/mj/submit/imagine', ['prompt' => 'two'])->json()['result'];
        $third = $desk->ask('/mj/submit/imagine', ['prompt' => 'three'])->json()['result'];
        self::assertSame([$third, $second, $first], array_column($desk->ask('/mj/task/list')->json(), 'id'));
        self::assertSame([$second, $third], array_column($desk->ask('/mj/task/queue')->json(), 'id'));
    }

    public function testListByConditionHasWhatThereIs(): void
    {
        $desk = new Desk();
        $one = $desk->done('/mj/submit/imagine', ['prompt' => 'one']);
        $two = $desk->done('/mj/submit/imagine', ['prompt' => 'two']);
        $ids = [$two, 'nonsense', "$one ", '01JZZZZZZZZZZZZZZZZZZZZZZZ', '../../etc/passwd'];
        foreach (['list-by-condition', 'list-by-ids'] as $route) {
            self::assertSame([$two, $one], array_column($desk->ask("/mj/task/$route", ['ids' => $ids])->json(), 'id'));
            self::assertSame([], $desk->ask("/mj/task/$route", [])->json());
        }
        self::assertSame(4, $desk->ask('/mj/task/list-by-condition', ['ids' => array_fill(0, 10_001, 'x')])->json()['code']);
        self::assertSame(400, $desk->ask('/mj/task/list-by-condition', ['ids' => [1]])->status);
    }

    public function testWhatResellersNeverForgetHidesNothing(): void
    {
        $desk = new Desk();
        $id = $desk->done('/mj/submit/imagine', ['prompt' => 'one']);
        // New API asks for all that has not ended, and so for good for what is long gone here.
        $gone = array_map(static fn(int $number): string => sprintf('01J%023d', $number), range(1, 3_000));
        self::assertSame([$id], array_column($desk->ask('/mj/task/list-by-condition', ['ids' => [...$gone, $id]])->json(), 'id'));
        self::assertCount(1_000, $desk->ask('/mj/task/list-by-condition', ['ids' => array_fill(0, 1_500, $id)])->json());
    }

    public function testLongStatesMakeNoAnswerThatPhpCannotHold(): void
    {
        $code = 'require $argv[1] . "/php/autoload.php"; ini_set("memory_limit", "-1"); $mj = new Mj\Testing\FakeMidjourney(); $state = str_repeat("x", 65_000); '
            . '$settings = new Mj\Http\Settings(["OPEN" => "1", "RATE" => "0", "DIR" => $argv[2]]); $ids = []; '
            . 'for ($n = 0; $n < 1_000; ++$n) { $ids[] = $mj->imagine("a cat", ["state" => $state])->id; } '
            . '$body = json_encode(["ids" => $ids]); $request = new Mj\Http\Request("POST", "/mj/task/list-by-condition", [], fn() => $body, "", ""); '
            . '$answer = (new Mj\Http\Relay($mj, $settings))->handle($request); $shown = json_decode($answer->body(), true); '
            . 'echo json_encode([$answer->status(), array_column($shown, "id") === array_slice($ids, 0, count($shown)), count($shown) > 100, strlen($answer->body()) < 32_000_000]);';
        $command = [PHP_BINARY, '-n', '-r', $code, '--', dirname(__DIR__, 2), (new Desk())->directory()];
        exec(implode(' ', array_map('escapeshellarg', $command)), $said);
        self::assertSame(['[200,true,true,true]'], $said);
    }

    /** @return array<string, array{string}> */
    public function unknownIds(): array
    {
        return ['well-formed' => ['01JZZZZZZZZZZZZZZZZZZZZZZZ'], 'a dialog' => ['M0000000000000000000000000'], 'nonsense' => ['x'], 'a path' => ['..%2F..%2Fetc'], 'a nought' => ['a%00b']];
    }

    /** @dataProvider unknownIds */
    public function testAnUnknownTaskIsNotFound(string $id): void
    {
        $desk = new Desk();
        foreach (["/mj/task/$id/fetch" => null, "/mj/task/$id/cancel" => [], "/mj/task/$id/image-seed" => null] as $path => $body) {
            $answer = $desk->ask($path, $body);
            self::assertSame([404, 3], [$answer->status, $answer->json()['code']], $path);
        }
    }

    public function testCancel(): void
    {
        $desk = new Desk();
        $desk->mj->will(Outcome::stuck());
        $id = $desk->ask('/mj/submit/imagine', ['prompt' => 'one'])->json()['result'];
        self::assertNull($desk->ask("/mj/task/$id/fetch")->json()['startTime']);
        $reply = $desk->ask("/mj/task/$id/cancel", [])->json();
        self::assertSame([1, $id], [$reply['code'], $reply['result']]);
        $desk->mj->assertCancelled($id);
        $desk->mj->wait($id);
        $task = $desk->ask("/mj/task/$id/fetch")->json();
        // As there: clients wait for SUCCESS or FAILURE, and resellers give money back where there is a reason.
        self::assertSame(['FAILURE', '', 'cancelled', 'CANCELLED'], [$task['status'], $task['progress'], $task['failReason'], $task['properties']['failCode']]);
        self::assertSame($task['submitTime'], $task['startTime'], 'never sent, and clients subtract it from the end all the same');
        self::assertSame(4, $desk->ask("/mj/task/$id/cancel", '')->json()['code']);
    }

    public function testASeedThatIsKnownIsNotAskedFor(): void
    {
        $desk = new Desk();
        $id = $desk->done('/mj/submit/imagine', ['prompt' => 'a cat --seed 7']);
        $reply = $desk->ask("/mj/task/$id/image-seed")->json();
        self::assertSame([1, '7'], [$reply['code'], $reply['result']]);
        $desk->mj->assertSubmittedCount(1);
    }

    public function testASeedThatIsNotKnownIsAskedForOnce(): void
    {
        $desk = new Desk();
        $picture = Png::data(Png::coloured());
        $id = $desk->done('/mj/submit/blend', ['base64Array' => [$picture, $picture]]);
        self::assertNull($desk->mj->poll($id)->seed);
        $first = $desk->ask("/mj/task/$id/image-seed")->json();
        self::assertSame(1, $first['code']);
        self::assertMatchesRegularExpression('/^\d+$/D', $first['result']);
        self::assertSame($first, $desk->ask("/mj/task/$id/image-seed")->json());
        $desk->mj->assertPressed($id, 'seed');
        $desk->mj->assertSubmittedCount(2);
    }

    public function testASeedThatWasNotToldIsAskedForAgainAMinuteLater(): void
    {
        $desk = new Desk();
        $picture = Png::data(Png::coloured());
        $id = $desk->done('/mj/submit/blend', ['base64Array' => [$picture, $picture]]);
        $desk->mj->will(Outcome::failure('TIMEOUT', 'no answer came'));
        $refused = ['code' => 9, 'description' => 'no answer came', 'result' => null, 'properties' => []];
        self::assertSame($refused, $desk->ask("/mj/task/$id/image-seed")->json());
        self::assertSame($refused, $desk->ask("/mj/task/$id/image-seed")->json());
        $desk->mj->assertSubmittedCount(2);
        // The fake's clock has not moved since; that of the relay is moved instead.
        $seeds = new Seeds($desk->mj, static fn(): float => microtime(true) + 3600);
        $asked = $desk->mj->wait($seeds->ask($desk->mj->poll($id)));
        self::assertNotNull($asked->seed);
        $told = $desk->ask("/mj/task/$id/image-seed")->json();
        self::assertSame([1, (string) $asked->seed], [$told['code'], $told['result']]);
        self::assertSame((string) $asked->seed, $desk->ask('/midjourney/seed', ['image_id' => $id])->json()['seed']);
        $desk->mj->assertSubmittedCount(3);
    }

    public function testAskingForASeedIsASubmission(): void
    {
        $desk = new Desk(['SUBMIT_RATE' => '1']);
        do {
            $minute = intdiv(time(), 60);
            exec('rm -rf ' . escapeshellarg($desk->directory()));
            $statuses = [$desk->ask('/mj/task/x/image-seed')->status, $desk->ask('/mj/task/x/image-seed')->status, $desk->ask('/mj/task/x/fetch')->status];
        } while (intdiv(time(), 60) !== $minute);
        self::assertSame([404, 429, 404], $statuses);
    }

    public function testWithoutASessionThereAreNoAccounts(): void
    {
        $desk = new Desk();
        self::assertSame([], $desk->ask('/mj/account/list')->json());
        self::assertSame([404, 3], [$desk->ask('/mj/account/x/fetch')->status, $desk->ask('/mj/account/x/fetch')->json()['code']]);
    }
}
