<?php

declare(strict_types=1);

namespace Mj\Tests\Studio;

/** What other pages can make a visitor's browser do: nothing. */
final class CsrfTest extends StudioTestCase
{
    /** @return array<string, array{array<string, string>, string}> */
    public function foreigners(): array
    {
        return [
            'no token' => [['x-csrf-token' => ''], 'csrf'],
            'another token' => [['x-csrf-token' => str_repeat('0', 64)], 'csrf'],
            'a page of another site' => [['sec-fetch-site' => 'cross-site'], 'origin'],
            'a page of a neighbour' => [['sec-fetch-site' => 'same-site'], 'origin'],
            'another origin' => [['origin' => 'https://evil.example'], 'origin'],
            'another port' => [['origin' => 'http://127.0.0.1:8081'], 'origin'],
            'no origin at all' => [['origin' => 'null'], 'origin'],
        ];
    }

    /**
     * @dataProvider foreigners
     *
     * @param array<string, string> $headers
     */
    public function testAnotherPageSubmitsNothing(array $headers, string $reason): void
    {
        $this->enter();
        $task = $this->mj->imagine('a cat');
        foreach (['api/imagine', 'api/describe', 'api/blend', 'api/shorten', "api/tasks/$task->id/press", "api/tasks/$task->id/cancel", 'logout'] as $path) {
            self::assertRefused(403, $reason, $this->ask('POST', $path, ['headers' => $headers, 'body' => ['prompt' => 'a dog', 'action' => 'upscale1']]));
        }
        $this->mj->assertSubmittedCount(1);
    }

    public function testItsOwnPageDoes(): void
    {
        $this->enter();
        $headers = ['origin' => 'http://127.0.0.1:8080', 'sec-fetch-site' => 'same-origin'];
        self::json($this->ask('POST', 'api/imagine', ['headers' => $headers, 'body' => ['prompt' => 'a dog']]), 201);
        $this->mj->assertImagined('a dog');
    }

    public function testATokenIsOfOneSession(): void
    {
        $this->enter();
        $mine = $this->token;
        $this->cookies = [];
        $this->enter();
        self::assertNotSame($mine, $this->token);
        $this->token = $mine;
        self::assertRefused(403, 'csrf', $this->ask('POST', 'api/imagine', ['body' => ['prompt' => 'a dog']]));
    }

    public function testThePolicyAllowsNoInlineScriptAndNoOtherHost(): void
    {
        $page = $this->ask('GET', '');
        $policy = $page->headers['Content-Security-Policy'];
        self::assertStringContainsString("default-src 'none'", $policy);
        self::assertStringContainsString("frame-ancestors 'none'", $policy);
        self::assertStringNotContainsString('unsafe', $policy);
        self::assertDoesNotMatchRegularExpression('/https?:/', $policy);
        $html = self::text($page);
        self::assertDoesNotMatchRegularExpression('/ (src|href)="(https?:)?\/\//', $html);
        self::assertDoesNotMatchRegularExpression('/ (on\w+|style)=/', $html);
        self::assertSame(1, preg_match_all('/<script(?! type="application\/json")/', $html), 'one script, the module');
    }
}
