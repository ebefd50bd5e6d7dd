<?php

declare(strict_types=1);

namespace Mj\Tests\Relay;

use Mj\QueueFullException;
use Mj\StorageException;
use Mj\Testing\Outcome;
use Mj\Tests\Simulator\Png;
use PHPUnit\Framework\TestCase;

/** `/mj/submit/…`: what the extension is asked for, and what the caller is answered. */
final class SubmitTest extends TestCase
{
    public function testImagineIsAnsweredWithTheTasksId(): void
    {
        $desk = new Desk();
        $answer = $desk->ask('/mj/submit/imagine', ['prompt' => ' a cat ', 'state' => 'order 7']);

        self::assertSame(200, $answer->status);
        self::assertSame('application/json', $answer->headers['content-type']);
        $reply = $answer->json();
        self::assertSame(['code', 'description', 'result', 'properties'], array_keys($reply));
        self::assertSame(1, $reply['code']);
        self::assertSame('a cat', $desk->mj->poll($reply['result'])->prompt);
        self::assertSame('order 7', $desk->mj->poll($reply['result'])->state);
        self::assertStringContainsString('"properties":{', $answer->body);
    }

    /** @return array<string, array{string, array<string, mixed>, array<string, mixed>}> */
    public function wishes(): array
    {
        return [
            'nothing' => ['/mj', [], []],
            'the fast address' => ['/mj-fast/mj', [], ['mode' => 'fast']],
            'the relax address' => ['/mj-relax/mj', [], ['mode' => 'relax']],
            'the turbo address, short' => ['/mj-turbo', [], ['mode' => 'turbo']],
            'modes' => ['/mj', ['accountFilter' => ['modes' => ['RELAX', 'FAST']]], ['mode' => 'relax']],
            'no modes' => ['/mj', ['accountFilter' => ['modes' => []]], []],
            'address before modes' => ['/mj-fast/mj', ['accountFilter' => ['modes' => ['TURBO']]], ['mode' => 'fast']],
            'an account' => ['/mj', ['accountFilter' => ['instanceId' => 'second']], ['account' => 'second']],
            'niji' => ['/mj', ['botType' => 'NIJI_JOURNEY'], ['bot' => 'niji']],
            'niji, short' => ['/mj', ['botType' => 'niji'], ['bot' => 'niji']],
            'Midjourney' => ['/mj', ['botType' => 'MID_JOURNEY'], []],
            'empty words' => ['/mj', ['botType' => '', 'state' => '', 'notifyHook' => '', 'base64' => '', 'accountFilter' => ['modes' => [], 'instanceId' => '']], []],
            'nulls' => ['/mj', ['botType' => null, 'state' => null, 'notifyHook' => null, 'accountFilter' => null, 'base64Array' => null], []],
        ];
    }

    /**
     * @dataProvider wishes
     *
     * @param array<string, mixed> $body
     * @param array<string, mixed> $options
     */
    public function testWishesBecomeOptions(string $prefix, array $body, array $options): void
    {
        $desk = new Desk();
        self::assertSame(1, $desk->ask("$prefix/submit/imagine", $body + ['prompt' => 'a cat'])->json()['code']);
        self::assertSame($options, $desk->options());
    }

    public function testNumbersMayBeWrittenAsJavaReadsThem(): void
    {
        $desk = new Desk();
        $id = $desk->done('/mj/submit/imagine', ['prompt' => 'a cat', 'state' => 1700000000123]);
        self::assertSame('1700000000123', $desk->ask("/mj/task/$id/fetch")->json()['state']);
        $change = ['taskId' => $id, 'action' => 'UPSCALE', 'index' => '2', 'state' => 7];
        self::assertSame(1, $desk->ask('/mj/submit/change', $change)->json()['code']);
        $desk->mj->assertPressed($id, 'upscale2');
        self::assertSame(['state' => '7'], $desk->options());
        foreach ([1.5, true, [], ['a' => 1]] as $state) {
            self::assertSame(400, $desk->ask('/mj/submit/imagine', ['prompt' => 'a cat', 'state' => $state])->status);
        }
    }

    /** @return array<string, array{string, array<string, mixed>, string, string}> address, what else is asked, prompt, what is left */
    public function paidModes(): array
    {
        $filter = ['accountFilter' => ['modes' => ['RELAX']]];

        return [
            'by address' => ['/mj-relax/mj', [], 'a cat --turbo', 'a cat'],
            'by filter' => ['/mj', $filter, 'a cat --turbo --ar 3:2', 'a cat --ar 3:2'],
            'several' => ['/mj-relax/mj', [], '--fast a cat --v 7 --Turbo --relax --s 50', 'a cat --v 7 --s 50'],
            'of permutations' => ['/mj-relax/mj', [], 'a {cat --turbo, dog}', 'a {cat, dog}'],
            'of others' => ['/mj-relax/mj', [], 'a {red, blue}-eyed cat {--v 6, --v 7} --ar {1:1, 3:2}', 'a {red, blue}-eyed cat {--v 6, --v 7} --ar {1:1, 3:2}'],
            'of others alone' => ['/mj-relax/mj', [], 'a {red, blue} cat {--tile, --raw}', 'a {red, blue} cat {--tile, --raw}'],
            'a long dash' => ['/mj-relax/mj', [], "a cat \u{2014}turbo", 'a cat'],
            'words' => ['/mj-relax/mj', [], 'a turbo cat, fast--relax', 'a turbo cat, fast--relax'],
            'its own where nobody else chose' => ['/mj', [], 'a cat --turbo', 'a cat --turbo'],
        ];
    }

    /**
     * @dataProvider paidModes
     *
     * @param array<string, mixed> $body
     */
    public function testAModeThatWasPaidForIsNotChangedByThePrompt(string $prefix, array $body, string $prompt, string $left): void
    {
        $desk = new Desk(['SEVERAL' => '1']);
        $id = $desk->ask("$prefix/submit/imagine", $body + ['prompt' => $prompt])->json()['result'];
        self::assertSame($left, array_slice($desk->mj->submissions(), -1)[0]->subject());
        self::assertNotSame('', $id);
    }

    public function testAModeIsNotChangedByPiecesOrByTheWordsOfADialog(): void
    {
        $desk = new Desk(['SEVERAL' => '1']);
        foreach (['a cat --{turbo, fast}', 'a cat --{v 7, turbo}', 'a cat -{-turbo, -fast}', 'a cat --tur{bo, x}', '{--tur, {a, b}}bo', '{-}-turbo', '{x, --tur}{bo, y}', '--turbo'] as $prompt) {
            self::assertSame(4, $desk->ask('/mj-relax/mj/submit/imagine', ['prompt' => $prompt])->json()['code'], $prompt);
        }
        self::assertSame(400, $desk->ask('/midjourney/imagine', ['mode' => 'relax', 'prompt' => '--turbo', 'async' => true])->status);
        $desk->mj->assertNothingSubmitted();
        $grid = $desk->done('/mj/submit/imagine', ['prompt' => 'a cat']);
        $single = $desk->done('/mj/submit/simple-change', ['content' => "$grid U1"]);
        $button = $desk->mj->poll($single)->button('custom_zoom')->customId;
        $dialog = $desk->ask('/mj-relax/mj/submit/action', ['taskId' => $single, 'customId' => $button])->json()['result'];
        $desk->ask('/mj/submit/modal', ['taskId' => $dialog, 'prompt' => 'a room --turbo --zoom 1.5']);
        self::assertSame(['a room --zoom 1.5', 'relax'], [$desk->options()['prompt'], $desk->options()['mode']]);
        $desk->ask('/midjourney/imagine', ['mode' => 'relax', 'prompt' => 'an owl --turbo', 'async' => true]);
        self::assertSame('an owl', array_slice($desk->mj->submissions(), -1)[0]->subject());
    }

    public function testOneRequestIsOneJobUnlessItIsSaid(): void
    {
        $desk = new Desk();
        $several = ['prompt' => 'a {red, blue, green} cat'];
        foreach (['/mj/submit/imagine', '/mj-relax/mj/submit/imagine'] as $path) {
            foreach ([$several, ['prompt' => 'a cat --repeat 40']] as $body) {
                $reply = $desk->ask($path, $body)->json();
                self::assertSame(4, $reply['code']);
                self::assertStringContainsString('several', $reply['description']);
            }
        }
        self::assertSame(400, $desk->ask('/midjourney/imagine', $several)->status);
        $desk->mj->assertNothingSubmitted();
        $grid = $desk->done('/mj/submit/imagine', ['prompt' => 'a cat']);
        $single = $desk->done('/mj/submit/simple-change', ['content' => "$grid U1"]);
        $custom = $desk->mj->poll($single)->button('custom_zoom')->customId;
        $dialog = $desk->ask('/mj/submit/action', ['taskId' => $single, 'customId' => $custom])->json()['result'];
        self::assertSame(4, $desk->ask('/mj/submit/modal', ['taskId' => $dialog] + $several)->json()['code']);
        self::assertSame(1, (new Desk(['SEVERAL' => '1']))->ask('/mj/submit/imagine', $several)->json()['code']);
    }

    public function testNamesThatPhpCannotHaveDoNoHarm(): void
    {
        $desk = new Desk();
        $body = '{"\u0000":1,"prompt":"a cat","x":{"\u0000a":[1,{"\u0000":2}]},"accountFilter":{"\u0000":0,"modes":["FAST"]}}';
        self::assertSame(1, $desk->ask('/mj/submit/imagine', $body)->json()['code']);
        self::assertSame(['mode' => 'fast'], $desk->options());
    }

    public function testPicturesAreTakenInEveryForm(): void
    {
        $desk = new Desk();
        $bare = base64_encode(Png::coloured());
        $body = ['prompt' => 'x', 'base64Array' => [Png::data(Png::coloured(1)), $bare, 'https://example.com/a.png'], 'base64' => $bare];
        self::assertSame(1, $desk->ask('/mj/submit/imagine', $body)->json()['code']);
        self::assertSame(
            [Png::data(Png::coloured(1)), "data:image/png;base64,$bare", 'https://example.com/a.png', "data:image/png;base64,$bare"],
            $desk->options()['images'],
        );
    }

    /** @return array<string, array{string}> */
    public function noPictures(): array
    {
        return [
            'a file' => [__FILE__],
            'a file address' => ['file://' . __FILE__],
            'a PHP stream' => ['php://filter/resource=' . __FILE__],
            'a text' => ['data:text/plain;base64,aGVsbG8gd29ybGQ='],
            'a picture of another kind' => ['data:image/png;base64,PHN2Zz48L3N2Zz4='],
            'no comma' => ['data:image/png;base64'],
            'no Base64' => ['data:image/png,abc'],
            'nothing' => [''],
            'a host alone' => ['http://'],
        ];
    }

    /** @dataProvider noPictures */
    public function testWhatIsNoPictureIsRefused(string $picture): void
    {
        $desk = new Desk();
        $ok = Png::data(Png::coloured());
        $bodies = ['imagine' => ['prompt' => 'x', 'base64Array' => [$ok, $picture]], 'describe' => ['base64' => $picture], 'blend' => ['base64Array' => [$ok, $picture]]];
        foreach ($bodies as $route => $body) {
            $answer = $desk->ask("/mj/submit/$route", $body);
            self::assertSame([200, 4], [$answer->status, $answer->json()['code']], $route);
            self::assertStringNotContainsString(__FILE__, $answer->body);
        }
        $desk->mj->assertNothingSubmitted();
    }

    public function testDescribeBlendShortenShow(): void
    {
        $desk = new Desk();
        $one = Png::data(Png::coloured(1));
        $two = Png::data(Png::coloured(2));
        $id = $desk->done('/mj/submit/describe', ['base64' => $one]);
        self::assertSame('DESCRIBE', $desk->ask("/mj/task/$id/fetch")->json()['action']);
        $id = $desk->done('/mj/submit/describe', ['link' => 'https://example.com/a.png', 'base64' => '']);
        self::assertSame('https://example.com/a.png', array_slice($desk->mj->submissions(), -1)[0]->subject());
        $id = $desk->done('/mj/submit/blend', ['base64Array' => [$one, $two], 'dimensions' => 'PORTRAIT']);
        self::assertSame('portrait', $desk->options()['dimensions']);
        self::assertSame('BLEND', $desk->ask("/mj/task/$id/fetch")->json()['action']);
        $desk->done('/mj/submit/blend', ['base64Array' => [$one, $two], 'dimensions' => '']);
        self::assertSame([], $desk->options());
        $id = $desk->done('/mj/submit/shorten', ['prompt' => 'a very very long prompt', 'botType' => 'niji']);
        self::assertSame(['bot' => 'niji'], $desk->options());
        $id = $desk->done('/mj/submit/show', ['jobId' => '3dbbd469-36af-4a0f-8f02-df6c579e7011']);
        self::assertSame('SHOW', $desk->ask("/mj/task/$id/fetch")->json()['action']);
    }

    public function testChangeAndSimpleChangePressTheSameButtons(): void
    {
        $desk = new Desk();
        $id = $desk->done('/mj/submit/imagine', ['prompt' => 'a cat']);
        $pressed = [
            'upscale2' => [['action' => 'UPSCALE', 'index' => 2], 'U2'],
            'variation4' => [['action' => 'VARIATION', 'index' => 4], 'v4'],
            'reroll' => [['action' => 'REROLL'], 'R'],
        ];
        foreach ($pressed as $button => [$body, $content]) {
            self::assertContains($desk->ask('/mj/submit/change', $body + ['taskId' => $id, 'state' => 's'])->json()['code'], [1, 22]);
            $desk->mj->assertPressed($id, $button);
            self::assertSame(['state' => 's'], $desk->options());
            self::assertContains($desk->ask('/mj/submit/simple-change', ['content' => "$id $content"])->json()['code'], [1, 22]);
            self::assertSame($button, array_slice($desk->mj->submissions(), -1)[0]->subject());
        }
    }

    public function testActionPressesAButtonByItsCustomId(): void
    {
        $desk = new Desk();
        $id = $desk->done('/mj/submit/imagine', ['prompt' => 'a cat']);
        $button = $desk->ask("/mj/task/$id/fetch")->json()['buttons'][1];
        self::assertSame(['customId', 'emoji', 'label', 'type', 'style'], array_keys($button));
        self::assertSame(1, $desk->ask('/mj/submit/action', ['taskId' => $id, 'customId' => $button['customId']])->json()['code']);
        $desk->mj->assertPressed($id, 'upscale2');
    }

    /** @return array<string, array{string, array<string, mixed>|string, int, int}> route, body, HTTP status, code */
    public function refusals(): array
    {
        $one = Png::data(Png::coloured());

        return [
            'no prompt' => ['imagine', [], 200, 4],
            'blank prompt' => ['imagine', ['prompt' => ' '], 200, 4],
            'prompt of another type' => ['imagine', ['prompt' => ['a']], 400, 4],
            'no object' => ['imagine', '["a"]', 400, 4],
            'no JSON' => ['imagine', '{"prompt":', 400, 4],
            'nothing at all' => ['imagine', '', 400, 4],
            'too deep' => ['imagine', str_repeat('{"a":', 40) . '1' . str_repeat('}', 40), 400, 4],
            'invalid UTF-8' => ['imagine', "{\"prompt\":\"\xff\"}", 400, 4],
            'unknown bot' => ['imagine', ['prompt' => 'x', 'botType' => 'DALL_E'], 400, 4],
            'unknown mode' => ['imagine', ['prompt' => 'x', 'accountFilter' => ['modes' => ['WARP']]], 400, 4],
            'filter of another type' => ['imagine', ['prompt' => 'x', 'accountFilter' => 'FAST'], 400, 4],
            'pictures of another type' => ['imagine', ['prompt' => 'x', 'base64Array' => 'x'], 400, 4],
            'a webhook that is none' => ['imagine', ['prompt' => 'x', 'notifyHook' => 'gopher://example.com/'], 200, 4],
            'a webhook that is too long' => ['imagine', ['prompt' => 'x', 'notifyHook' => 'http://example.com/' . str_repeat('x', 1300)], 200, 4],
            'no task' => ['change', ['action' => 'UPSCALE', 'index' => 1], 200, 4],
            'unknown task' => ['change', ['taskId' => '01JZZZZZZZZZZZZZZZZZZZZZZZ', 'action' => 'UPSCALE', 'index' => 1], 200, 3],
            'no such action' => ['change', ['taskId' => 'x', 'action' => 'IMAGINE', 'index' => 1], 400, 4],
            'no action' => ['change', ['taskId' => 'x', 'index' => 1], 200, 4],
            'no index' => ['change', ['taskId' => 'x', 'action' => 'UPSCALE'], 200, 4],
            'index beyond all' => ['change', '{"taskId":"x","action":"UPSCALE","index":101376058707693125632}', 200, 4],
            'index too great' => ['change', ['taskId' => 'x', 'action' => 'UPSCALE', 'index' => 5], 200, 4],
            'index of another type' => ['change', ['taskId' => 'x', 'action' => 'UPSCALE', 'index' => 'one'], 400, 4],
            'index of another number' => ['change', ['taskId' => 'x', 'action' => 'UPSCALE', 'index' => '5'], 400, 4],
            'content without an action' => ['simple-change', ['content' => 'x'], 200, 4],
            'content with another action' => ['simple-change', ['content' => 'x W1'], 200, 4],
            'content of an unknown task' => ['simple-change', ['content' => 'x U1'], 200, 3],
            'no button' => ['action', ['taskId' => 'x'], 200, 4],
            'button of an unknown task' => ['action', ['taskId' => 'x', 'customId' => 'MJ::JOB::upsample::1::x'], 200, 3],
            'no picture' => ['describe', [], 200, 4],
            'a wrong type beside what makes no sense' => ['blend', ['notifyHook' => 'x', 'dimensions' => 'ROUND'], 400, 4],
            'one picture' => ['blend', ['base64Array' => [$one]], 200, 4],
            'six pictures' => ['blend', ['base64Array' => array_fill(0, 6, $one)], 200, 4],
            'unknown dimensions' => ['blend', ['base64Array' => [$one, $one], 'dimensions' => 'ROUND'], 400, 4],
            'nothing to shorten' => ['shorten', [], 200, 4],
            'nothing to show' => ['show', [], 200, 4],
            'no job' => ['show', ['jobId' => '../x'], 200, 4],
            'words for no dialog' => ['modal', ['taskId' => 'M0000000000000000000000000', 'prompt' => 'x'], 200, 3],
            'words for nothing' => ['modal', [], 200, 3],
        ];
    }

    /**
     * @dataProvider refusals
     *
     * @param array<string, mixed>|string $body
     */
    public function testARefusalHasACodeAndSaysWhy(string $route, array|string $body, int $status, int $code): void
    {
        $desk = new Desk();
        $answer = $desk->ask("/mj/submit/$route", $body);

        self::assertSame([$status, $code], [$answer->status, $answer->json()['code']], $answer->body);
        self::assertNotSame('', $answer->json()['description']);
        self::assertNull($answer->json()['result']);
        $desk->mj->assertNothingSubmitted();
    }

    public function testATaskThatHasNotSucceededOffersNothing(): void
    {
        $desk = new Desk();
        $desk->mj->will(Outcome::stuck(), Outcome::failure('BANNED_PROMPT'));
        foreach (['running', 'failed'] as $prompt) {
            $id = $desk->ask('/mj/submit/imagine', ['prompt' => $prompt])->json()['result'];
            $desk->mj->advance();
            self::assertSame(4, $desk->ask('/mj/submit/change', ['taskId' => $id, 'action' => 'UPSCALE', 'index' => 1])->json()['code']);
        }
    }

    public function testAButtonThatIsNotOfferedIsRefusedInWordsOfTheExtension(): void
    {
        $desk = new Desk();
        $id = $desk->done('/mj/submit/imagine', ['prompt' => 'a cat']);
        $answer = $desk->ask('/mj/submit/action', ['taskId' => $id, 'customId' => 'MJ::JOB::pan_left::1::x::SOLO'])->json();
        self::assertSame(4, $answer['code']);
        self::assertStringNotContainsString('mj_action', $answer['description']);
    }

    public function testWhoHasToWaitIsToldHowMany(): void
    {
        $desk = new Desk();
        $codes = [];
        for ($number = 0; $number < 3; ++$number) {
            $last = $desk->ask('/mj/submit/imagine', ['prompt' => 'a cat'])->json();
            $codes[] = $last['code'];
        }
        self::assertSame([1, 22, 22], $codes);
        self::assertSame(2, $last['properties']['numberOfQueues']);
        self::assertNotNull($last['result']);
    }

    public function testAFullQueueSaysWhenToComeAgain(): void
    {
        $desk = new Desk();
        $full = new QueueFullException('too many tasks wait');
        $full->retryAfter = 30;
        $desk->mj->will(Outcome::throwing($full));
        $answer = $desk->ask('/mj/submit/imagine', ['prompt' => 'a cat']);
        self::assertSame([200, 23, '30'], [$answer->status, $answer->json()['code'], $answer->headers['retry-after']]);
    }

    public function testWhatFailsInsideIsNotToldOutside(): void
    {
        $desk = new Desk();
        $desk->mj->will(Outcome::throwing(new StorageException('/secret/place cannot be written')));
        $log = ini_set('error_log', '/dev/null');
        $answer = $desk->ask('/mj/submit/imagine', ['prompt' => 'a cat']);
        ini_set('error_log', (string) $log);
        self::assertSame([503, 9], [$answer->status, $answer->json()['code']]);
        self::assertStringNotContainsString('secret', $answer->body);
    }

    public function testABannedWordIsNamed(): void
    {
        $words = tempnam(sys_get_temp_dir(), 'words');
        file_put_contents($words, "nude\n\n裸体\n");
        $desk = new Desk(['BANNED_WORDS' => $words]);
        $reply = $desk->ask('/mj/submit/imagine', ['prompt' => 'a Nude on a chair'])->json();
        self::assertSame(24, $reply['code']);
        self::assertSame(['promptEn' => 'a Nude on a chair', 'bannedWord' => 'nude'], $reply['properties']);
        self::assertSame(24, $desk->ask('/mj/submit/shorten', ['prompt' => '一个裸体的人'])->json()['code']);
        self::assertSame(403, $desk->ask('/midjourney/imagine', ['prompt' => 'nude'])->status);
        $desk->mj->assertNothingSubmitted();
        self::assertSame(1, $desk->ask('/mj/submit/imagine', ['prompt' => 'denuded trees'])->json()['code']);
        unlink($words);
    }

    public function testWordsOfWindowsAreWords(): void
    {
        $words = tempnam(sys_get_temp_dir(), 'words');
        file_put_contents($words, "\u{FEFF}nude\r\nXXX!\r\n");
        $desk = new Desk(['BANNED_WORDS' => $words]);
        self::assertSame(24, $desk->ask('/mj/submit/imagine', ['prompt' => 'a nude'])->json()['code'], 'behind the mark of the byte order');
        self::assertSame(24, $desk->ask('/mj/submit/imagine', ['prompt' => 'a xxx! film'])->json()['code'], 'that ends with a sign');
        self::assertSame(1, $desk->ask('/mj/submit/imagine', ['prompt' => 'axxx!'])->json()['code']);
        // GBK: as UTF-8 it would match nothing.
        file_put_contents($words, "\xc2\xe3\xcc\xe5\n");
        $log = ini_set('error_log', '/dev/null');
        $answer = $desk->ask('/mj/submit/imagine', ['prompt' => 'a tree']);
        ini_set('error_log', (string) $log);
        self::assertSame([503, 9], [$answer->status, $answer->json()['code']], 'and not a door that is open');
        unlink($words);
    }
}
