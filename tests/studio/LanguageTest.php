<?php

declare(strict_types=1);

namespace Mj\Tests\Studio;

use Mj\FailCode;
use Mj\Studio\Language;
use Mj\Studio\Request;

/** English and Chinese. */
final class LanguageTest extends StudioTestCase
{
    /** @return list<array{string, string, string}> */
    public function wishes(): array
    {
        return [
            ['', '', 'en'],
            ['zh-CN,zh;q=0.9,en;q=0.8', '', 'zh'],
            ['en-GB,en;q=0.9,zh;q=0.8', '', 'en'],
            ['de-DE,de;q=0.9,zh;q=0.3,en;q=0.2', '', 'zh'],
            ['fr', '', 'en'],
            ['zh-CN', 'en', 'en'],
            ['en', 'zh', 'zh'],
            ['en', '../../etc/passwd', 'en'],
        ];
    }

    /** @dataProvider wishes */
    public function testTheVisitorsLanguage(string $accepts, string $chosen, string $is): void
    {
        $request = new Request('GET', '', [], ['accept-language' => $accepts], ['mj_lang' => $chosen]);
        self::assertSame($is, Language::of($request)->code);
    }

    public function testBothHaveTheSameWords(): void
    {
        [$english, $chinese] = [(new Language('en'))->words(), (new Language('zh'))->words()];
        self::assertSame(array_keys($english), array_keys($chinese));
        foreach ($english as $name => $word) {
            preg_match_all('/\{\w+\}/', $word, $here);
            preg_match_all('/\{\w+\}/', $chinese[$name], $there);
            self::assertEqualsCanonicalizing($here[0], $there[0], $name);
        }
    }

    public function testEveryWordThatTheScriptSaysIsThere(): void
    {
        $scripts = implode('', array_map('file_get_contents', glob(__DIR__ . '/../../php/studio/public/js/*.js') ?: []));
        preg_match_all("/say\\('(\\w+)'/", $scripts, $found);
        self::assertGreaterThan(30, count($found[1]));
        self::assertSame([], array_diff($found[1], array_keys((new Language('en'))->words())));
        foreach ((new \ReflectionClass(FailCode::class))->getReflectionConstants() as $constant) {
            if ($constant->isPublic()) {
                self::assertArrayHasKey("f_{$constant->getValue()}", (new Language('en'))->words());
                $itself = in_array($constant->getValue(), [FailCode::CANCELLED, FailCode::NEEDS_USER_GATEWAY, FailCode::MESSAGE_DELETED, FailCode::REFUSED], true);
                self::assertSame(!$itself, isset((new Language('en'))->words()["t_{$constant->getValue()}"]), "advice on {$constant->getValue()}");
            }
        }
    }

    public function testThePageIsInTheLanguageAndColoursThatWereChosen(): void
    {
        $page = self::text($this->ask('GET', '', ['cookies' => ['mj_lang' => 'zh', 'mj_theme' => 'dark']]));
        self::assertStringContainsString('<html lang="zh-Hans" data-theme="dark">', $page);
        self::assertStringContainsString('今天想看见什么', $page);
        self::assertStringContainsString('data-theme="auto"', self::text($this->ask('GET', '', ['cookies' => ['mj_theme' => '"><script>']])));
    }
}
