<?php

declare(strict_types=1);

namespace Mj\Http;

use Mj\Task;

/**
 * Webhooks in the words of others. The extension posts a task's changes to an address of the relay's own, which has the
 * caller's address in it, signed; what comes there is put into the caller's words and posted on. So nothing has to be kept:
 * order, repetition and survival of restarts are the extension's, which hears from us what the caller answered.
 *
 * @internal
 */
final class Hooks
{
    public const PROXY = 'mj';
    public const ACE_DATA = 'ace';
    public const PATH = '/mj/webhook/';

    /** Seconds; the extension waits 10 for its answer. */
    private const PATIENCE = 8;
    /** With the rest, and in Base64, it fits into the 2,048 bytes that the extension takes. */
    private const LONGEST = 1_300;
    private const SIGNATURE = 32;
    /**
     * 424, Failed Dependency: the caller's address did not take it. A 502, 503 or 504 would tell the extension that the
     * relay itself is in trouble, and one caller's dead address would hold up what all others are to hear.
     */
    private const NOT_TAKEN = 424;

    /** When a caller wants to be told again, as HTTP has it. */
    private const WHEN = '/^(?:\d{1,9}|[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT)$/D';
    /** Bytes of a caller's answer in which that is looked for. */
    private const LONGEST_ANSWER = 16_384;

    /** @param int $patience seconds that a caller has to answer */
    public function __construct(
        private Settings $settings,
        private Place $place,
        private Silences $silences,
        private int $patience = self::PATIENCE,
    ) {}

    /**
     * The options of a submission whose caller wants to be told; none when there is nobody to tell.
     *
     * @param string      $hook   whom to tell; empty for the configured one
     * @param string      $shape  PROXY or ACE_DATA
     * @param string|null $dialog the id by which the caller knows the task, where it is not the task's own
     *
     * @return array<string, string>
     */
    public function options(Request $request, string $hook, string $shape, ?string $dialog = null): array
    {
        $hook = $this->checked($hook);
        if ($hook === '') {
            return [];
        }
        $base = $this->settings->url();
        if ($base === '' && $request->origin() !== '') {
            $base = $request->origin() . $this->settings->base();
        }
        if ($base === '') {
            throw Refusal::sense('webhooks need MJ_RELAY_URL, the address at which the relay reaches itself');
        }
        $data = self::encode((string) json_encode([$hook, $shape, $dialog], JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR));

        return ['notify_url' => $base . self::PATH . "$data." . $this->signature($data)];
    }

    /**
     * Whom to tell, if he may be told; empty for nobody.
     *
     * @throws Refusal when he may not
     */
    public function checked(string $hook): string
    {
        $hook = trim($hook);
        if ($hook === '' || $hook === $this->settings->notifyHook()) {
            return $this->settings->notifyHook();
        }
        $parts = parse_url($hook);
        $host = strtolower($parts['host'] ?? '');
        // Not everybody reads a backslash, or a name before the host, as we do.
        $isAddress = preg_match('~^https?://[\x21-\x5b\x5d-\x7e]+$~iD', $hook) === 1 && $host !== '' && !isset($parts['user']);
        if (!$isAddress || strlen($hook) > self::LONGEST) {
            $most = self::LONGEST;
            throw Refusal::sense("the webhook must be an http or https address of at most $most characters");
        }
        $hosts = $this->settings->hookHosts();
        foreach ($hosts as $allowed) {
            $allowed = strtolower($allowed);
            if ($host === $allowed || (str_starts_with($allowed, '*.') && str_ends_with($host, substr($allowed, 1)))) {
                return $hook;
            }
        }

        return $hosts === [] ? $hook : throw Refusal::sense('the webhook names a host that is not allowed');
    }

    /**
     * Takes what the extension posts, and posts it on. The extension tries again unless we answer with a 2xx.
     *
     * @param string             $token what stands behind PATH
     * @param \Closure(): string $body  the task, which is read when the token is ours
     */
    public function deliver(string $token, \Closure $body): Response
    {
        [$data, $signature] = explode('.', $token, 2) + ['', ''];
        if (!hash_equals($this->signature($data), $signature)) {
            throw new Refusal(403, Reply::FAILURE, 'the signature is wrong');
        }
        /** @var array{string, string, string|null} $target it is signed: we wrote it */
        $target = json_decode(self::decode($data), true, 4, JSON_THROW_ON_ERROR);
        [$hook, $shape, $dialog] = $target;
        $record = json_decode($body(), true, 32);
        if (!is_array($record) || !is_string($record['id'] ?? null) || !is_string($record['status'] ?? null)) {
            throw Refusal::shape('the request must be a task');
        }
        /** @var MjTask $record whoever knows the signed address is the extension */
        $task = new Task($record);
        if ($shape === self::ACE_DATA) {
            // That dialect tells of the end only.
            $told = $task->isFinished() ? AceDataShape::task($task) : null;
        } else {
            $told = ProxyShape::task($task, $dialog);
        }
        if ($told === null) {
            return new Response(204);
        }

        return $this->told($hook, Response::json($told)->body());
    }

    /** Tells a caller, and the extension what he answered. */
    private function told(string $hook, string $json): Response
    {
        $pause = $this->silences->pause($hook, $this->patience);
        if ($pause > 0) {
            return new Response(self::NOT_TAKEN, '', ['Retry-After' => (string) $pause]);
        }
        [$status, $when] = $this->post($hook, $json);
        $this->silences->heard($hook, $status > 0);
        if ($status === 410) {
            return new Response(410);
        }
        $isWhen = preg_match(self::WHEN, $when) === 1;

        return $status >= 200 && $status < 300
            ? new Response(204)
            : new Response(self::NOT_TAKEN, '', $isWhen ? ['Retry-After' => $when] : []);
    }

    private function signature(string $data): string
    {
        return substr(hash_hmac('sha256', $data, $this->place->key()), 0, self::SIGNATURE);
    }

    /**
     * Posts JSON. Redirects are not followed.
     *
     * @return array{int, string} the status of the answer, 0 when there was none, and its Retry-After
     */
    private function post(string $url, string $json): array
    {
        if (!function_exists('curl_init') || !function_exists('curl_exec')) {
            return $this->postPlainly($url, $json);
        }
        $curl = curl_init($url);
        if ($curl === false) {
            return [0, ''];
        }
        $when = '';
        curl_setopt_array($curl, [
            CURLOPT_POSTFIELDS => $json,
            CURLOPT_HTTPHEADER => ['Content-Type: application/json', 'Expect:'],
            CURLOPT_PROTOCOLS => CURLPROTO_HTTP | CURLPROTO_HTTPS,
            CURLOPT_TIMEOUT => $this->patience,
            CURLOPT_HEADERFUNCTION => static function (mixed $curl, string $line) use (&$when): int {
                $when = self::retryAfter($line) ?? $when;

                return strlen($line);
            },
            // What it says is of no interest, however long it is.
            CURLOPT_WRITEFUNCTION => static fn(mixed $curl, string $data): int => strlen($data),
        ]);
        curl_exec($curl);

        return [(int) curl_getinfo($curl, CURLINFO_RESPONSE_CODE), $when];
    }

    /**
     * The same without curl, whose place PHP's own wrapper cannot take: that one waits anew for each byte.
     *
     * @return array{int, string}
     */
    private function postPlainly(string $url, string $json): array
    {
        $until = microtime(true) + $this->patience;
        $parts = parse_url($url);
        $isTls = strtolower($parts['scheme'] ?? '') === 'https';
        $host = ($parts['host'] ?? '') . ':' . ($parts['port'] ?? ($isTls ? 443 : 80));
        $stream = @stream_socket_client(($isTls ? 'tls' : 'tcp') . "://$host", timeout: $this->patience);
        if ($stream === false) {
            return [0, ''];
        }
        stream_set_blocking($stream, false);
        $target = ($parts['path'] ?? '/') . (isset($parts['query']) ? "?{$parts['query']}" : '');
        $request = "POST $target HTTP/1.0\r\nHost: $host\r\nContent-Type: application/json\r\n"
            . 'Content-Length: ' . strlen($json) . "\r\nConnection: close\r\n\r\n$json";
        $answer = '';
        // Its beginning is all that is of interest.
        while (!str_contains($answer, "\r\n\r\n") && strlen($answer) < self::LONGEST_ANSWER && !feof($stream) && ($left = $until - microtime(true)) > 0) {
            $read = [$stream];
            $write = $request === '' ? [] : [$stream];
            $except = null;
            if ((int) @stream_select($read, $write, $except, (int) $left, (int) (fmod($left, 1) * 1e6)) === 0) {
                break;
            }
            $request = substr($request, $write === [] ? 0 : (int) @fwrite($stream, $request));
            $answer .= (string) fread($stream, 1024);
        }
        fclose($stream);

        if (preg_match('~^HTTP/\S+ (\d{3})[^\n]*\n~', $answer, $found) !== 1) {
            return [0, ''];
        }
        $whens = array_filter(array_map([self::class, 'retryAfter'], explode("\n", $answer)), 'is_string');

        return [(int) $found[1], (string) end($whens)];
    }

    private static function retryAfter(string $line): ?string
    {
        return preg_match('/^Retry-After:\s*(.*?)\s*$/iD', $line, $found) === 1 ? $found[1] : null;
    }

    private static function encode(string $text): string
    {
        return rtrim(strtr(base64_encode($text), '+/', '-_'), '=');
    }

    private static function decode(string $text): string
    {
        return (string) base64_decode(strtr($text, '-_', '+/'), true);
    }
}
