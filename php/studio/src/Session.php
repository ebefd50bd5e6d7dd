<?php

declare(strict_types=1);

namespace Mj\Studio;

/**
 * Who is let in: a signed cookie and, for whatever changes something, a token that only our own pages know. Nothing is
 * kept on the server but the key and which sessions were left, so that no request waits for another's session.
 */
final class Session
{
    public const COOKIE = 'mj_studio';

    /** Seconds for which a login holds. */
    private const LIFE = 7 * 86400;

    private string $key;

    /** Where the numbers of those lie that somebody has left. */
    private string $ended;

    public function __construct(private Settings $settings)
    {
        // Another secret is another key, and ends all sessions.
        $this->key = hash_hmac('sha256', $settings->secret, self::key($settings->directory), true);
        $this->ended = "$settings->directory/ended";
        if (!is_dir($this->ended)) {
            @mkdir($this->ended, 0700);
        }
    }

    /** The session of a request: its number, or null where there is none. */
    public function of(Request $request, int $now): ?string
    {
        $parts = explode('.', $request->cookie(self::COOKIE));
        if (count($parts) !== 3 || !hash_equals($this->sign('session', "$parts[0].$parts[1]"), $parts[2])) {
            return null;
        }

        return (int) $parts[0] > $now && !is_file("$this->ended/$parts[1]") ? $parts[1] : null;
    }

    /** Begins a session, in a cookie of the answer; gives its number. */
    public function begin(Request $request, Response $response, int $now): string
    {
        $number = bin2hex(random_bytes(16));
        $until = $now + self::LIFE;
        $value = "$until.$number." . $this->sign('session', "$until.$number");
        $response->cookies[] = [self::COOKIE, $value, self::options($request, $until)];

        return $number;
    }

    /** Ends a session of that number; who has kept the cookie is not let in by it either. */
    public function end(string $number, Request $request, Response $response, int $now): void
    {
        foreach (glob("$this->ended/*") ?: [] as $file) {
            if ((int) @filemtime($file) < $now - self::LIFE) {
                @unlink($file);
            }
        }
        touch("$this->ended/$number");
        $response->cookies[] = [self::COOKIE, '', self::options($request, 1)];
    }

    /** What the page sends as `X-Csrf-Token`. */
    public function token(string $session): string
    {
        return $this->sign('csrf', $session);
    }

    public function isToken(string $session, string $given): bool
    {
        return hash_equals($this->token($session), $given);
    }

    /** Whether it is the secret; takes the same time whatever is given. */
    public function isSecret(#[\SensitiveParameter] string $given): bool
    {
        $secret = $this->settings->secret;

        return hash_equals(hash_hmac('sha256', $secret, $this->key), hash_hmac('sha256', $given, $this->key)) && $secret !== '';
    }

    private function sign(string $purpose, string $text): string
    {
        return hash_hmac('sha256', "$purpose:$text", $this->key);
    }

    /** @return array{expires: int, path: string, secure: bool, httponly: bool, samesite: 'Strict'} */
    private static function options(Request $request, int $until): array
    {
        return ['expires' => $until, 'path' => "$request->base/", 'secure' => $request->secure, 'httponly' => true, 'samesite' => 'Strict'];
    }

    /** The key of this installation, made when it is needed first. */
    private static function key(string $directory): string
    {
        $file = "$directory/key";
        if (!is_file($file)) {
            $own = "$file." . bin2hex(random_bytes(8));
            if (@file_put_contents($own, random_bytes(32)) !== 32) {
                @unlink($own);
                throw new \RuntimeException("$file cannot be written");
            }
            // Of several workers that make one at once, the first wins; not all file systems have links.
            if (@link($own, $file) || is_file($file)) {
                unlink($own);
            } else {
                rename($own, $file);
            }
        }
        $key = (string) file_get_contents($file);

        return strlen($key) === 32 ? $key : throw new \RuntimeException("$file is damaged: delete it");
    }
}
