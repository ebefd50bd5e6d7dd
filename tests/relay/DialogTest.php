<?php

declare(strict_types=1);

namespace Mj\Tests\Relay;

use Mj\Testing\Outcome;
use Mj\Tests\Simulator\Png;
use PHPUnit\Framework\TestCase;

/** Buttons that open a dialog: the code 21, then `/mj/submit/modal`. */
final class DialogTest extends TestCase
{
    public function testADialogWaitsForItsWordsAndKeepsItsId(): void
    {
        $desk = new Desk();
        [$parent, $button] = self::single($desk, 'custom_zoom');
        $body = ['taskId' => $parent, 'customId' => $button, 'state' => 'order 9', 'notifyHook' => 'https://shop.example.com/hook'];
        $before = count($desk->mj->submissions());
        $reply = $desk->ask('/mj-turbo/mj/submit/action', $body)->json();
        $id = $reply['result'];

        self::assertSame(21, $reply['code']);
        self::assertMatchesRegularExpression('/^[0-9A-Z]{26}$/D', $id);
        self::assertSame($desk->mj->poll($parent)->finalPrompt, $reply['properties']['finalPrompt']);
        self::assertCount($before, $desk->mj->submissions());
        $task = $desk->ask("/mj/task/$id/fetch")->json();
        self::assertSame([$id, 'MODAL', 'order 9', null], [$task['id'], $task['status'], $task['state'], $task['finishTime']]);

        $reply = $desk->ask('/mj/submit/modal', ['taskId' => $id, 'prompt' => 'a wide room --zoom 1.5'])->json();
        self::assertSame([1, $id], [$reply['code'], $reply['result']]);
        $desk->mj->assertPressed($parent, 'custom_zoom');
        $options = $desk->options();
        self::assertSame(['a wide room --zoom 1.5', 'order 9', 'turbo'], [$options['prompt'], $options['state'], $options['mode']]);
        self::assertStringContainsString('/mj/webhook/', $options['notify_url']);

        $own = $desk->mj->tasks()->tasks()[0];
        $desk->mj->wait($own);
        foreach ([$id, $own->id] as $either) {
            $task = $desk->ask("/mj/task/$either/fetch")->json();
            self::assertSame([$id, 'SUCCESS', 'order 9'], [$task['id'], $task['status'], $task['state']]);
        }
        self::assertSame([$id], array_column($desk->ask('/mj/task/list-by-condition', ['ids' => [$id]])->json(), 'id'));
        self::assertSame($id, $desk->ask('/mj/task/list')->json()[0]['id']);
        self::assertContains($desk->ask('/mj/submit/action', ['taskId' => $id, 'customId' => $desk->ask("/mj/task/$id/fetch")->json()['buttons'][0]['customId']])->json()['code'], [1, 21]);
    }

    public function testWhoIsToBeToldMayBeSaidWithTheWords(): void
    {
        $desk = new Desk(['HOOK_HOSTS' => 'shop.example.com']);
        [$parent, $button] = self::single($desk, 'custom_zoom');
        $id = $desk->ask('/mj/submit/action', ['taskId' => $parent, 'customId' => $button, 'state' => 'before'])->json()['result'];
        $words = ['taskId' => $id, 'prompt' => 'x', 'state' => 'order 9', 'notifyHook' => 'https://evil.example.com/'];
        self::assertSame(4, $desk->ask('/mj/submit/modal', $words)->json()['code']);
        self::assertSame(400, $desk->ask('/mj/submit/modal', ['notifyHook' => 7] + $words)->status);
        $words['notifyHook'] = 'https://shop.example.com/hook';
        self::assertSame(1, $desk->ask('/mj-turbo/mj/submit/modal', $words)->json()['code']);
        $options = $desk->options();
        self::assertSame(['order 9', 'turbo'], [$options['state'], $options['mode']]);
        [$data] = explode('.', basename($options['notify_url']));
        self::assertSame(['https://shop.example.com/hook', 'mj', $id], json_decode((string) base64_decode(strtr($data, '-_', '+/'), true), true));
    }

    public function testTheSameWordsTwiceAreOneTask(): void
    {
        $desk = new Desk();
        [$parent, $button] = self::single($desk, 'custom_zoom');
        $id = $desk->ask('/mj/submit/action', ['taskId' => $parent, 'customId' => $button])->json()['result'];
        $desk->ask('/mj/submit/modal', ['taskId' => $id, 'prompt' => 'one']);
        $count = count($desk->mj->submissions());
        $again = $desk->ask('/mj/submit/modal', ['taskId' => $id, 'prompt' => 'one'])->json();
        self::assertSame([1, $id], [$again['code'], $again['result']]);
        self::assertCount($count, $desk->mj->submissions());
    }

    public function testWithoutWordsTheDialogsOwnAreSent(): void
    {
        $desk = new Desk();
        $desk->mj->will(Outcome::success()->withTexts(['a cat']));
        $id = $desk->done('/mj/submit/describe', ['base64' => Png::data(Png::coloured())]);
        $button = $desk->mj->poll($id)->button('imagine1')->customId;
        $reply = $desk->ask('/mj/submit/action', ['taskId' => $id, 'customId' => $button])->json();
        self::assertSame(21, $reply['code']);
        self::assertSame(1, $desk->ask('/mj/submit/modal', ['taskId' => $reply['result'], 'prompt' => ''])->json()['code']);
        self::assertArrayNotHasKey('prompt', $desk->options());
    }

    public function testADialogOfADescriptionShowsItsPrompt(): void
    {
        $desk = new Desk();
        $desk->mj->will(Outcome::success()->withTexts(["1\u{FE0F}\u{20E3} a cat", 'two cats']));
        $id = $desk->done('/mj/submit/describe', ['base64' => Png::data(Png::coloured())]);
        foreach (['imagine1' => 'a cat', 'imagine2' => 'two cats'] as $button => $prompt) {
            $custom = $desk->mj->poll($id)->button($button)->customId;
            $reply = $desk->ask('/mj/submit/action', ['taskId' => $id, 'customId' => $custom])->json();
            self::assertSame([21, $prompt], [$reply['code'], $reply['properties']['finalPrompt']]);
            self::assertSame($prompt, $desk->ask("/mj/task/{$reply['result']}/fetch")->json()['prompt']);
        }
    }

    public function testAMaskIsAPictureAndNoAddress(): void
    {
        $desk = new Desk();
        [$parent, $button] = self::single($desk, 'vary_region');
        $id = $desk->ask('/mj/submit/action', ['taskId' => $parent, 'customId' => $button])->json()['result'];
        foreach (['https://example.com/mask.png', __FILE__] as $mask) {
            self::assertSame(4, $desk->ask('/mj/submit/modal', ['taskId' => $id, 'prompt' => 'x', 'maskBase64' => $mask])->json()['code']);
        }
        $mask = base64_encode(Png::bytes(64, 64));
        self::assertSame(1, $desk->ask('/mj/submit/modal', ['taskId' => $id, 'prompt' => 'a tree', 'maskBase64' => $mask])->json()['code']);
        self::assertSame("data:image/png;base64,$mask", $desk->options()['mask']);
    }

    public function testACancelledDialogTakesNoWords(): void
    {
        $desk = new Desk();
        [$parent, $button] = self::single($desk, 'custom_zoom');
        $id = $desk->ask('/mj/submit/action', ['taskId' => $parent, 'customId' => $button])->json()['result'];
        self::assertSame(1, $desk->ask("/mj/task/$id/cancel", [])->json()['code']);
        $task = $desk->ask("/mj/task/$id/fetch")->json();
        self::assertSame(['FAILURE', 'cancelled', 'CANCELLED'], [$task['status'], $task['failReason'], $task['properties']['failCode']]);
        self::assertSame($task['submitTime'], $task['startTime']);
        self::assertSame(4, $desk->ask('/mj/submit/modal', ['taskId' => $id, 'prompt' => 'x'])->json()['code']);
    }

    public function testWhoCancelsWhileTheWordsAreSentCancelsTheTask(): void
    {
        $desk = new Desk();
        [$parent, $button] = self::single($desk, 'custom_zoom');
        $id = $desk->ask('/mj/submit/action', ['taskId' => $parent, 'customId' => $button])->json()['result'];
        $pipe = stream_socket_pair(STREAM_PF_UNIX, STREAM_SOCK_STREAM, 0) ?: self::fail('no pair of sockets');
        $child = 0;
        $desk->mj->on(static function () use ($desk, $id, $pipe, &$child): ?Outcome {
            $child = pcntl_fork();
            if ($child === 0) {
                // Another worker, whose Midjourney does not have the task that is being made.
                fwrite($pipe[1], (string) $desk->ask("/mj/task/$id/cancel", [])->json()['code']);
                posix_kill((int) getmypid(), SIGKILL);
            }
            [$read, $write, $except] = [[$pipe[0]], null, null];
            // It answers at once, or waits for us.
            stream_select($read, $write, $except, 0, 500_000);

            return null;
        });
        $words = $desk->ask('/mj/submit/modal', ['taskId' => $id, 'prompt' => 'x'])->json();
        $cancelled = fread($pipe[0], 8);
        pcntl_waitpid($child, $status);
        self::assertSame([1, '3'], [$words['code'], $cancelled], 'the dialog was not cancelled beside its task');
        self::assertNotSame('FAILURE', $desk->ask("/mj/task/$id/fetch")->json()['status']);
    }

    public function testADialogThatWasCancelledHasEnded(): void
    {
        $desk = new Desk();
        [$parent, $button] = self::single($desk, 'custom_zoom');
        $id = $desk->ask('/mj/submit/action', ['taskId' => $parent, 'customId' => $button])->json()['result'];
        $desk->ask("/mj/task/$id/cancel", []);
        self::assertSame(4, $desk->ask("/mj/task/$id/cancel", [])->json()['code']);
    }

    public function testADialogThatADiskLostIsNoLonger(): void
    {
        $desk = new Desk();
        [$parent, $button] = self::single($desk, 'custom_zoom');
        $id = $desk->ask('/mj/submit/action', ['taskId' => $parent, 'customId' => $button])->json()['result'];
        file_put_contents("{$desk->directory()}/dialogs/$id", '');
        self::assertSame(404, $desk->ask("/mj/task/$id/fetch")->status);
        self::assertSame(3, $desk->ask('/mj/submit/modal', ['taskId' => $id, 'prompt' => 'x'])->json()['code']);
    }

    public function testRemixButtonsWaitOnlyWhereItIsSaid(): void
    {
        foreach ([[[], 1], [['REMIX' => '1'], 21]] as [$settings, $code]) {
            $desk = new Desk($settings);
            $id = $desk->done('/mj/submit/imagine', ['prompt' => 'a cat']);
            $button = $desk->mj->poll($id)->button('variation1')->customId;
            self::assertSame($code, $desk->ask('/mj/submit/action', ['taskId' => $id, 'customId' => $button])->json()['code']);
        }
    }

    /** @return array{string, string} an upscaled task, and the custom_id of one of its buttons */
    private static function single(Desk $desk, string $button): array
    {
        $grid = $desk->done('/mj/submit/imagine', ['prompt' => 'a cat']);
        $id = $desk->done('/mj/submit/simple-change', ['content' => "$grid U1"]);

        return [$id, $desk->mj->poll($id)->button($button)->customId];
    }
}
