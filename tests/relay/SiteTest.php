<?php

declare(strict_types=1);

namespace Mj\Tests\Relay;

use Mj\Tests\Process\Nginx;
use Mj\Tests\Process\Until;
use Mj\Tests\Simulator\Png;
use Mj\Tests\Simulator\Receiver;
use PHPUnit\Framework\TestCase;

/** The whole way: nginx with the example configuration, php-fpm, the extension, the simulator. */
final class SiteTest extends TestCase
{
    private static ?Site $site = null;

    public static function setUpBeforeClass(): void
    {
        if (Nginx::binary() === null) {
            self::fail('nginx is not installed');
        }
        self::$site = new Site();
    }

    public static function tearDownAfterClass(): void
    {
        self::$site = null;
    }

    public function testFromAPromptToAWideRoom(): void
    {
        $site = self::$site;
        $receiver = new Receiver();
        $grid = $site->done('/mj/submit/imagine', ['prompt' => 'a lighthouse --ar 3:2', 'state' => '订单 7']);
        self::assertSame(['SUCCESS', '订单 7', '100%'], [$grid['status'], $grid['state'], $grid['progress']], (string) $grid['failReason']);
        self::assertSame("\x89PNG", substr((string) file_get_contents($grid['imageUrl']), 0, 4));
        $single = $site->done('/mj/submit/simple-change', ['content' => "{$grid['id']} U2"]);
        self::assertSame(['UPSCALE', 'SUCCESS'], [$single['action'], $single['status']]);
        $zoom = self::button($single, 'MJ::CustomZoom::');
        $waiting = $site->ask('/mj/submit/action', ['taskId' => $single['id'], 'customId' => $zoom, 'notifyHook' => $receiver->url])->json();
        self::assertSame(21, $waiting['code']);
        $wide = $site->done('/mj/submit/modal', ['taskId' => $waiting['result'], 'prompt' => 'a wide room --ar 16:9 --zoom 1.4']);
        self::assertSame([$waiting['result'], 'SUCCESS'], [$wide['id'], $wide['status']], (string) $wide['failReason']);
        self::assertStringContainsString('a wide room', $wide['properties']['finalPrompt']);
        $posts = self::posts($receiver, $waiting['result']);
        self::assertSame($wide, end($posts));
    }

    public function testARegionIsPaintedAnew(): void
    {
        $site = self::$site;
        $grid = $site->done('/mj/submit/imagine', ['prompt' => 'a garden']);
        $single = $site->done('/mj/submit/change', ['taskId' => $grid['id'], 'action' => 'UPSCALE', 'index' => 1]);
        $waiting = $site->ask('/mj/submit/action', ['taskId' => $single['id'], 'customId' => self::button($single, 'MJ::Inpaint::')])->json();
        self::assertSame(21, $waiting['code']);
        $size = getimagesizefromstring((string) file_get_contents($single['imageUrl']));
        $mask = base64_encode(Png::bytes($size[0], $size[1]));
        $task = $site->done('/mj/submit/modal', ['taskId' => $waiting['result'], 'prompt' => 'a tree', 'maskBase64' => $mask]);
        self::assertSame('SUCCESS', $task['status'], (string) $task['failReason']);
    }

    public function testWebhooksComeInOrderEndWithTheEndAndSurviveAFailure(): void
    {
        $site = self::$site;
        $receiver = new Receiver([500]);
        $task = $site->done('/mj/submit/imagine', ['prompt' => 'a cat', 'state' => 's', 'notifyHook' => $receiver->url]);
        $posts = self::posts($receiver, $task['id']);

        self::assertSame($task, end($posts));
        $order = array_map(static fn(array $one): float => self::order($one), $posts);
        $sorted = $order;
        sort($sorted);
        self::assertSame($sorted, $order);
        foreach ($posts as $post) {
            self::assertSame(array_keys($task), array_keys($post));
        }
    }

    public function testWebhooksAndDialogsSurviveTheDeathOfEveryWorker(): void
    {
        $site = self::$site;
        $grid = $site->done('/mj/submit/imagine', ['prompt' => 'a cat']);
        $single = $site->done('/mj/submit/simple-change', ['content' => "{$grid['id']} U1"]);
        $zoom = self::button($single, 'MJ::CustomZoom::');
        $receiver = new Receiver();
        $body = ['taskId' => $single['id'], 'customId' => $zoom, 'state' => 'kept', 'notifyHook' => $receiver->url];
        $id = $site->ask('/mj/submit/action', $body)->json()['result'];
        $site->killWorkers();
        // Whoever asks a worker that just dies is told to come again, and may: it is one task.
        $words = ['taskId' => $id, 'prompt' => 'a room simulate:slow'];
        Until::true(static fn(): bool => $site->ask('/mj/submit/modal', $words)->json()['code'] === 1, 60.0);
        self::assertSame($id, $site->ask('/mj/submit/modal', $words)->json()['result']);
        $receiver->next();
        $site->killWorkers();
        $task = $site->ended($id);
        self::assertSame(['SUCCESS', 'kept'], [$task['status'], $task['state']], (string) $task['failReason']);
        $posts = self::posts($receiver, $id);
        self::assertSame($task, end($posts));
        $pressed = array_filter($site->ask('/mj/task/list')->json(), static fn(array $one): bool => $one['state'] === 'kept');
        self::assertCount(1, $pressed);
    }

    public function testARefusedPromptSaysWhy(): void
    {
        $receiver = new Receiver();
        $task = self::$site->done('/mj/submit/imagine', ['prompt' => 'simulate:banned', 'notifyHook' => $receiver->url]);
        self::assertSame(['FAILURE', '', 'BANNED_PROMPT'], [$task['status'], $task['progress'], $task['properties']['failCode']]);
        $posts = self::posts($receiver, $task['id']);
        self::assertSame($task, end($posts));
    }

    public function testPicturesGoIn(): void
    {
        $site = self::$site;
        $one = Png::data(Png::coloured(1));
        $two = base64_encode(Png::coloured(2));
        $described = $site->done('/mj/submit/describe', ['base64' => $one]);
        self::assertSame('SUCCESS', $described['status'], (string) $described['failReason']);
        self::assertStringStartsWith("1\u{FE0F}\u{20E3} ", $described['properties']['finalPrompt']);
        $blended = $site->done('/mj/submit/blend', ['base64Array' => [$one, $two], 'dimensions' => 'SQUARE']);
        self::assertSame('SUCCESS', $blended['status'], (string) $blended['failReason']);
        $prompted = $site->done('/mj/submit/imagine', ['prompt' => 'a cat', 'base64Array' => [$two]]);
        self::assertSame('SUCCESS', $prompted['status'], (string) $prompted['failReason']);
        self::assertStringStartsWith('<https://s.mj.run/', $prompted['properties']['finalPrompt']);
    }

    public function testAPathInAPromptIsNoFileOfOurs(): void
    {
        $task = self::$site->done('/mj/submit/imagine', ['prompt' => 'a cat --sref ' . __FILE__]);
        self::assertStringNotContainsString('s.mj.run', (string) json_encode($task));
        self::assertSame([], array_filter(
            self::$site->simulator->record()['interactions'],
            static fn(array $one): bool => str_contains((string) json_encode($one), 'declare(strict_types'),
        ));
    }

    /** @return array<string, array{string, array<string, mixed>, string}> */
    public function refusals(): array
    {
        $broken = 'data:image/png;base64,' . base64_encode("\x89PNG\r\n\x1a\nand nothing more");

        return [
            'an account' => ['imagine', ['prompt' => 'x', 'accountFilter' => ['instanceId' => 'nobody']], '/^account: no such account/'],
            'a long prompt' => ['imagine', ['prompt' => str_repeat('x', 7000)], '/^prompt: .*7000 characters/'],
            'a long state' => ['imagine', ['prompt' => 'x', 'state' => str_repeat('x', 70_000)], '/^state.*70000 bytes/'],
            'a broken picture' => ['imagine', ['prompt' => 'x', 'base64Array' => [$broken]], '/^images\[0\]: is no PNG/'],
            'a private network' => ['describe', ['base64' => 'http://10.0.0.1/a.png'], '/^image.*private network/'],
            'too many pictures' => ['imagine', ['prompt' => 'x', 'base64Array' => array_fill(0, 11, Png::data(Png::coloured()))], '/^images.*11 pictures/'],
            'no job' => ['show', ['jobId' => 'x'], '/^jobId must be/'],
        ];
    }

    /**
     * @dataProvider refusals
     *
     * @param array<string, mixed> $body
     */
    public function testWhatTheExtensionRefusesIsToldInPlainWords(string $route, array $body, string $words): void
    {
        $answer = self::$site->ask("/mj/submit/$route", $body);
        self::assertSame([200, 4], [$answer->status, $answer->json()['code']], $answer->body);
        self::assertMatchesRegularExpression($words, $answer->json()['description']);
    }

    public function testShortenShowSeedAndModes(): void
    {
        $site = self::$site;
        $grid = $site->done('/mj-turbo/mj/submit/imagine', ['prompt' => 'a cat']);
        self::assertStringContainsString('--turbo', $grid['properties']['finalPrompt']);
        self::assertMatchesRegularExpression('/^\d+$/D', $site->ask("/mj/task/{$grid['id']}/image-seed")->json()['result']);
        $shown = $site->done('/mj/submit/show', ['jobId' => $grid['properties']['messageHash']]);
        self::assertSame([$grid['properties']['messageHash'], 'SHOW'], [$shown['properties']['messageHash'], $shown['action']]);
        $short = $site->done('/mj/submit/shorten', ['prompt' => 'a very long prompt of a cat']);
        self::assertStringStartsWith("1\u{FE0F}\u{20E3} ", $short['properties']['finalPrompt']);
        $niji = $site->done('/mj/submit/imagine', ['prompt' => 'a cat', 'botType' => 'NIJI_JOURNEY']);
        self::assertSame('SUCCESS', $niji['status'], (string) $niji['failReason']);
        self::assertSame(['main'], array_column($site->ask('/mj/account/list')->json(), 'id'));
        self::assertTrue($site->ask('/mj/account/main/fetch')->json()['enable']);
    }

    public function testARunningTaskIsCancelled(): void
    {
        $site = self::$site;
        $id = $site->ask('/mj/submit/imagine', ['prompt' => 'a cat simulate:hold'])->json()['result'];
        self::assertSame(1, $site->ask("/mj/task/$id/cancel", [])->json()['code']);
        self::assertSame(['FAILURE', 'CANCELLED'], [$site->ended($id)['status'], $site->ended($id)['properties']['failCode']]);
    }

    public function testAceDataWaitsForThePicture(): void
    {
        $bearer = ['Authorization: Bearer ' . Site::SECRET];
        $grid = self::$site->ask('/midjourney/imagine', ['prompt' => 'an owl', 'mode' => 'fast'], $bearer)->json();
        self::assertTrue($grid['success'], (string) json_encode($grid));
        self::assertSame(1024, $grid['image_width']);
        $single = self::$site->ask('/midjourney/imagine', ['action' => 'upscale1', 'image_id' => $grid['image_id']], $bearer)->json();
        self::assertTrue($single['success'], (string) json_encode($single));
    }

    public function testNginxAnswersInJsonToo(): void
    {
        $site = self::$site;
        $answers = [
            [413, 4, $site->ask('/mj/submit/imagine', str_repeat('x', 34_000_000))],
            [404, 3, $site->ask('/')],
            [404, 3, $site->ask('/mj/webhook/x.y', '{}')],
            [401, 9, $site->ask('/mj/task/list', null, ['mj-api-secret: wrong'])],
        ];
        foreach ($answers as [$status, $code, $answer]) {
            self::assertSame([$status, 'application/json', $code], [$answer->status, $answer->headers['content-type'], $answer->json()['code']]);
        }
    }

    /** @depends testFromAPromptToAWideRoom */
    public function testTheLogHasNoSecretsAndNoPrompts(): void
    {
        $log = self::$site->log();
        foreach ([Site::SECRET, 'lighthouse', 'attachments', self::$site->simulator->says['user_token']] as $secret) {
            self::assertStringNotContainsString($secret, $log);
        }
    }

    /** midjourney-proxy's order of a task's states. */
    private static function order(array $task): float
    {
        $rank = ['NOT_START' => 0, 'SUBMITTED' => 1, 'IN_PROGRESS' => 3, 'FAILURE' => 4, 'SUCCESS' => 4][$task['status']];

        return $rank === 3 ? 3 + (int) $task['progress'] / 101 : (float) $rank;
    }

    /** @return list<array<string, mixed>> what was posted of a task, to its end */
    private static function posts(Receiver $receiver, string $id): array
    {
        $posts = [];
        do {
            try {
                $post = $receiver->next()['task'];
            } catch (\JsonException) {
                // Who posted it was killed in the middle.
                continue;
            }
            self::assertSame($id, $post['id']);
            $posts[] = $post;
        } while (($posts[count($posts) - 1]['finishTime'] ?? null) === null);

        return $posts;
    }

    /** @param array<string, mixed> $task */
    private static function button(array $task, string $beginning): string
    {
        foreach ($task['buttons'] as $button) {
            if (str_starts_with($button['customId'], $beginning)) {
                return $button['customId'];
            }
        }
        self::fail("there is no button $beginning");
    }
}
