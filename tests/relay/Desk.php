<?php

declare(strict_types=1);

namespace Mj\Tests\Relay;

use Mj\Http\Relay;
use Mj\Http\Request;
use Mj\Http\Settings;
use Mj\Testing\FakeMidjourney;

/** The relay without web server, process or network, on the client's fake. */
final class Desk
{
    public const SECRET = 'the-right-secret';

    public FakeMidjourney $mj;

    private string $directory;

    private Relay $relay;

    /** @param array<string, string> $settings MJ_RELAY_…, without that */
    public function __construct(array $settings = [])
    {
        $this->mj = new FakeMidjourney();
        $this->directory = sys_get_temp_dir() . '/mj-desk-' . bin2hex(random_bytes(6));
        $settings += ['SECRET' => self::SECRET, 'DIR' => $this->directory, 'RATE' => '0', 'SUBMIT_RATE' => '0'];
        $this->relay = new Relay($this->mj, new Settings($settings));
    }

    public function __destruct()
    {
        exec('rm -rf ' . escapeshellarg($this->directory));
    }

    /**
     * @param array<string, mixed>|string|null $body    null for a GET
     * @param array<string, string>|null       $headers in place of the secret
     */
    public function ask(
        string $path,
        array|string|null $body = null,
        ?array $headers = null,
        ?string $method = null,
        string $address = '192.0.2.1',
        string $origin = 'http://127.0.0.1:8080',
    ): Answer {
        $text = is_array($body) ? ($body === [] ? '{}' : json_encode($body, JSON_THROW_ON_ERROR)) : (string) $body;
        $headers = ($headers ?? ['mj-api-secret' => self::SECRET]) + ['content-length' => (string) strlen($text)];
        $request = new Request(
            $method ?? ($body === null ? 'GET' : 'POST'),
            $path,
            $headers,
            static fn(int $most): string => substr($text, 0, $most + 1),
            $address,
            $origin,
        );
        $response = $this->relay->handle($request);
        $names = array_map('strtolower', array_keys($response->headers()));

        return new Answer($response->status(), array_combine($names, $response->headers()), $response->body());
    }

    /**
     * Submits, and plays the task to its end; gives its id.
     *
     * @param array<string, mixed> $body
     */
    public function done(string $path, array $body): string
    {
        $reply = $this->ask($path, $body)->json();
        $this->mj->wait($reply['result']);

        return $reply['result'];
    }

    /** The options of the last submission. */
    public function options(): array
    {
        return array_slice($this->mj->submissions(), -1)[0]->options();
    }

    /** What the extension would post to, and the relay takes. */
    public function webhook(): string
    {
        return (string) parse_url($this->options()['notify_url'], PHP_URL_PATH);
    }

    public function directory(): string
    {
        return $this->directory;
    }
}
