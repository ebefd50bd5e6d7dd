<?php

declare(strict_types=1);

namespace Mj\Tests\Relay;

use Mj\Testing\Outcome;
use Mj\Tests\Simulator\Png;
use Mj\Tests\Simulator\Receiver;
use PHPUnit\Framework\TestCase;

/** `/midjourney/…` */
final class AceDataTest extends TestCase
{
    public function testAnAnswerIsTheFinishedPicture(): void
    {
        $desk = new Desk();
        $grid = $desk->ask('/midjourney/imagine', ['prompt' => 'a cat', 'action' => 'generate', 'mode' => 'fast', 'translation' => false])->json();
        self::assertSame([true, 100, 'fast'], [$grid['success'], $grid['progress'], $desk->options()['mode']]);
        self::assertMatchesRegularExpression('~^https?://~', $grid['image_url']);
        self::assertSame($grid['image_url'], $grid['raw_image_url']);
        self::assertContains('upscale1', $grid['actions']);

        $picture = $desk->ask('/midjourney/imagine', ['action' => 'upscale2', 'image_id' => $grid['image_id'], 'prompt' => null])->json();
        $desk->mj->assertPressed($grid['task_id'], 'upscale2');
        self::assertContains('variation_subtle', $picture['actions']);
        $desk->ask('/midjourney/imagine', ['action' => 'variation_subtle', 'image_id' => $picture['image_id'], 'async' => true]);
        $desk->mj->assertPressed($picture['task_id'], 'vary_subtle');
    }

    public function testWhoAsksLaterIsAnsweredAtOnce(): void
    {
        $desk = new Desk();
        $answer = $desk->ask('/midjourney/imagine', ['prompt' => 'a cat', 'async' => true])->json();
        self::assertSame(['success', 'task_id', 'trace_id'], array_keys($answer));
        $item = $desk->ask('/midjourney/tasks', ['id' => $answer['task_id'], 'action' => 'retrieve'])->json();
        self::assertSame(0, $item['response']['progress']);
        $desk->mj->wait($answer['task_id']);
        $item = $desk->ask('/midjourney/tasks', ['id' => $answer['task_id']])->json();
        self::assertSame([$answer['task_id'], 100, $item['response']['image_url']], [$item['id'], $item['response']['progress'], $item['image_url']]);
        $items = $desk->ask('/midjourney/tasks', ['action' => 'retrieve_batch', 'ids' => [$answer['task_id'], 'nonsense']])->json();
        self::assertSame([1, $answer['task_id']], [$items['count'], $items['items'][0]['id']]);
    }

    public function testACallbackTellsOfTheEndOnly(): void
    {
        $receiver = new Receiver();
        $desk = new Desk();
        $id = $desk->ask('/midjourney/imagine', ['prompt' => 'a cat', 'callback_url' => $receiver->url])->json()['task_id'];
        $path = $desk->webhook();
        self::assertSame(204, $desk->ask($path, (string) json_encode($desk->mj->poll($id)), [])->status);
        self::assertSame(204, $desk->ask($path, (string) json_encode($desk->mj->wait($id)), [])->status);
        $post = json_decode($receiver->next()['body'], true);
        self::assertSame([true, $id, 100], [$post['success'], $post['task_id'], $post['progress']]);
    }

    public function testAFailureSaysWhy(): void
    {
        $desk = new Desk();
        $desk->mj->will(Outcome::failure('BANNED_PROMPT', 'the prompt contains a banned word'));
        $answer = $desk->ask('/midjourney/imagine', ['prompt' => 'x'])->json();
        self::assertSame([false, ['code' => 'banned_prompt', 'message' => 'the prompt contains a banned word']], [$answer['success'], $answer['error']]);
    }

    public function testDescribeShortenSeed(): void
    {
        $desk = new Desk();
        $desk->mj->will(Outcome::success()->withTexts(['one', 'two']), Outcome::success()->withTexts(['short']));
        self::assertSame(['one', 'two'], $desk->ask('/midjourney/describe', ['image_url' => 'https://example.com/a.png'])->json()['descriptions']);
        self::assertSame(['short'], $desk->ask('/midjourney/shorten', ['prompt' => 'long'])->json()['descriptions']);
        $id = $desk->done('/mj/submit/imagine', ['prompt' => 'a cat --seed 7']);
        self::assertTrue($desk->ask('/midjourney/seed', ['image_id' => $id])->json()['success']);
    }

    /** @return array<string, array{string, array<string, mixed>|string, int, string}> */
    public function refusals(): array
    {
        return [
            'no prompt' => ['imagine', [], 400, 'bad_request'],
            'another type' => ['imagine', ['prompt' => 1], 400, 'bad_request'],
            'unknown mode' => ['imagine', ['prompt' => 'x', 'mode' => 'warp'], 400, 'bad_request'],
            'no picture' => ['imagine', ['action' => 'upscale1'], 404, 'not_found'],
            'a file' => ['describe', ['image_url' => __FILE__], 400, 'bad_request'],
            'no JSON' => ['tasks', '{', 400, 'bad_request'],
            'no task' => ['tasks', ['id' => 'x'], 404, 'not_found'],
            'unknown picture' => ['seed', ['image_id' => '01JZZZZZZZZZZZZZZZZZZZZZZZ'], 404, 'not_found'],
            'versions of permutations' => ['imagine', ['prompt' => 'x', 'version' => '{6,7}'], 400, 'bad_request'],
            'qualities of permutations' => ['imagine', ['prompt' => 'x', 'quality' => '{1,2}'], 400, 'bad_request'],
            'nothing to shorten' => ['shorten', [], 400, 'bad_request'],
        ];
    }

    /**
     * @dataProvider refusals
     *
     * @param array<string, mixed>|string $body
     */
    public function testARefusalIsAnError(string $route, array|string $body, int $status, string $code): void
    {
        $desk = new Desk();
        $answer = $desk->ask("/midjourney/$route", $body);
        self::assertSame([$status, false, $code], [$answer->status, $answer->json()['success'], $answer->json()['error']['code']]);
        $desk->mj->assertNothingSubmitted();
        self::assertSame('invalid_token', $desk->ask("/midjourney/$route", $body, [])->json()['error']['code']);
    }

    public function testAMaskIsAPicture(): void
    {
        $desk = new Desk();
        $grid = $desk->done('/mj/submit/imagine', ['prompt' => 'a cat']);
        $id = $desk->done('/mj/submit/simple-change', ['content' => "$grid U1"]);
        $mask = base64_encode(Png::bytes(64, 64));
        $answer = $desk->ask('/midjourney/imagine', ['action' => 'variation_region', 'image_id' => $id, 'prompt' => 'a tree', 'mask' => $mask]);
        self::assertTrue($answer->json()['success'], $answer->body);
        self::assertSame("data:image/png;base64,$mask", $desk->options()['mask']);
    }
}
