<?php

declare(strict_types=1);

namespace Mj\Tests\Studio;

use Mj\Client;
use Mj\Studio\Request;
use Mj\Studio\Response;
use Mj\Studio\Session;
use Mj\Studio\Settings;
use Mj\Studio\Studio;
use Mj\Testing\FakeMidjourney;
use Mj\Tests\Process\StateDirectory;
use PHPUnit\Framework\TestCase;

require_once __DIR__ . '/../../php/studio/autoload.php';

/** A studio before a Midjourney that is made up, and a visitor who keeps its cookies. */
abstract class StudioTestCase extends TestCase
{
    protected const SECRET = 'correct horse';

    protected FakeMidjourney $mj;

    private StateDirectory $directory;

    /** @var array<string, string> */
    protected array $cookies = [];

    protected string $token = '';

    protected function setUp(): void
    {
        $this->mj = new FakeMidjourney();
        $this->directory = new StateDirectory();
    }

    protected function settings(string $secret = '', float $slice = 0.0): Settings
    {
        return new Settings($secret, $this->directory->path . '/studio', $slice);
    }

    /** @param array<string, mixed> $more of {@see Request} */
    protected function ask(string $method, string $path, array $more = [], string $secret = ''): Response
    {
        $headers = ($more['headers'] ?? []) + ['host' => '127.0.0.1:8080', 'x-csrf-token' => $this->token];
        $query = [];
        parse_str((string) parse_url("/$path", PHP_URL_QUERY), $query);
        $request = new Request(
            $method,
            ltrim((string) parse_url("/$path", PHP_URL_PATH), '/'),
            $query,
            $headers,
            ($more['cookies'] ?? []) + $this->cookies,
            $more['body'] ?? [],
            $more['files'] ?? [],
            $more['address'] ?? '127.0.0.1',
            $more['secure'] ?? false,
        );
        $response = (new Studio($this->settings($secret), fn (): Client => $this->mj))->answer($request);
        foreach ($response->cookies as [$name, $value]) {
            $this->cookies[$name] = $value;
        }

        return $response;
    }

    /** Opens the page as a person at this machine does. */
    protected function enter(string $secret = ''): void
    {
        $page = $this->ask('GET', '', [], $secret);
        self::assertSame(200, $page->status);
        self::assertSame(1, preg_match('/"token":"([0-9a-f]{64})"/', self::text($page), $found));
        $this->token = $found[1];
    }

    protected static function text(Response $response): string
    {
        return is_string($response->body) ? $response->body : implode('', iterator_to_array($response->body, false));
    }

    /** @return array<string, mixed> */
    protected static function json(Response $response, int $status = 200): array
    {
        self::assertSame($status, $response->status, self::text($response));

        return json_decode(self::text($response), true, 32, JSON_THROW_ON_ERROR);
    }

    protected static function assertRefused(int $status, string $reason, Response $response): void
    {
        self::assertSame($reason, self::json($response, $status)['error']);
    }

    /** @return array{error: int, path: string} an upload of these bytes */
    protected function upload(string $bytes): array
    {
        $path = tempnam($this->directory->path, 'upload');
        file_put_contents($path, $bytes);

        return ['error' => UPLOAD_ERR_OK, 'path' => $path];
    }

    protected function cookieOf(Response $response): string
    {
        foreach ($response->cookies as [$name, $value]) {
            if ($name === Session::COOKIE) {
                return $value;
            }
        }
        self::fail('no session was begun');
    }
}
