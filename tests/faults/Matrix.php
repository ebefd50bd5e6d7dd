<?php

declare(strict_types=1);

namespace Mj\Tests\Faults;

/** Which faults are played on the way to which of Discord's hosts. */
final class Matrix
{
    /** Everywhere: how it is called, and what it is. */
    public const FAULTS = [
        'dns' => 'the name has no address',
        'refused' => 'the connection is refused',
        'reset_accept' => 'reset as soon as it is accepted',
        'reset_tls' => 'reset in the TLS handshake',
        'black_hole' => 'accepted, then silence',
        'tls_expired' => 'the certificate has expired',
        'tls_wrong_host' => 'the certificate is for another host',
        'tls_unknown_ca' => 'the certificate is of an unknown authority',
        'tls_old' => 'TLS 1.0 only',
        'tls_none' => 'plain HTTP on the port of TLS',
        'reset_request' => 'reset behind the request, which is lost',
        'lost_answer' => 'reset behind the request, which Discord has',
        'reset_headers' => 'reset in the first line of the answer; Discord has the request',
        'reset_body' => 'reset in the body of the answer; Discord has the request',
        'truncated' => 'the answer ends too early; Discord has the request',
        'silent' => 'the answer begins and never ends; Discord has the request',
        'slow_loris' => 'the answer comes a byte at a time; Discord has the request',
        'oversized' => 'an answer of 1 GiB',
        'html200' => 'a panel\'s welcome page with 200',
        'loop301' => 'a redirect to itself',
        'status401' => '401',
        'status403' => '403',
        'status404' => '404',
        'status413' => '413 of a reverse proxy',
        'limited' => '429 with `retry_after`',
        'limited_bare' => '429 without a time',
        'limited_global' => 'global 429',
        'cloudflare1015' => 'Cloudflare\'s page 1015',
        'status500' => '500',
        'status501' => '501',
        'status502' => '502',
        'status503' => '503',
        'status504' => '504, while Discord has the request',
        'invalid_utf8' => '200 with bytes that are no UTF-8',
        'invalid_json' => '200 with broken JSON',
        'deflate_garbage' => '200 with garbage as deflate',
        'zstd_garbage' => '200 with garbage as zstd',
        'reset_hello' => 'reset behind HELLO',
        'reset_ready' => 'reset behind READY',
        'no_hello' => 'opened, and no HELLO',
        'silent_ready' => 'silent from READY on',
        'huge_frame' => 'a frame of 100 MB',
        'inflate_bomb' => 'a small frame that inflates to 200 MB',
        'ping_flood' => 'pings without end',
    ];

    /** The same where it is another thing on a WebSocket. */
    public const GATEWAY_FAULTS = [
        'reset_request' => 'reset behind the request to upgrade',
        'reset_headers' => 'reset in the first line of the answer',
        'truncated' => 'closed within a frame',
        'slow_loris' => 'frames come a byte at a time',
        'status504' => '504',
        'invalid_utf8' => 'a text frame that is no UTF-8',
        'invalid_json' => 'a text frame of broken JSON',
        'deflate_garbage' => 'garbage in the zlib stream',
        'zstd_garbage' => 'a zstd frame of garbage',
    ];

    private const GATEWAY_ONLY = ['reset_hello', 'reset_ready', 'no_hello', 'silent_ready', 'huge_frame', 'inflate_bomb', 'ping_flood'];

    /** What is left out where, and why. */
    private const LEFT_OUT = [
        'gateway' => ['lost_answer', 'reset_body', 'silent', 'oversized'],
        'cdn' => ['lost_answer', 'limited_global'],
        'upload' => ['limited_global'],
    ];

    public const WHY_LEFT_OUT = [
        'gateway' => 'A gateway\'s answer has no body and carries no request, so faults in bodies and lost answers are left out; frames have faults of their own.',
        'cdn' => 'A picture is only read: a lost answer is a lost request. There is no global limit.',
        'upload' => 'There is no global limit.',
    ];

    /** @return list<array{string, string}> target and fault */
    public static function cells(): array
    {
        $cells = [];
        foreach (['api', 'gateway', 'cdn', 'upload'] as $target) {
            foreach (self::of($target) as $fault) {
                $cells[] = [$target, $fault];
            }
        }

        return $cells;
    }

    /** @return list<string> the faults of a target */
    public static function of(string $target): array
    {
        $left_out = [...self::LEFT_OUT[$target] ?? [], ...$target === 'gateway' ? [] : self::GATEWAY_ONLY];

        return array_values(array_diff(array_keys(self::FAULTS), $left_out));
    }

    public static function words(string $target, string $fault): string
    {
        return ($target === 'gateway' ? self::GATEWAY_FAULTS[$fault] ?? null : null) ?? self::FAULTS[$fault];
    }
}
