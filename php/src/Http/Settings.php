<?php

declare(strict_types=1);

namespace Mj\Http;

use Mj\ConfigurationException;

/**
 * How the relay is set up, by variables of the environment or of the web server (`fastcgi_param`, `SetEnv`), all of them
 * `MJ_RELAY_…`: php/http/README.md explains each. Midjourney's own settings are the extension's.
 *
 * @internal
 */
final class Settings
{
    /** Pictures are Base64 in JSON: about two of the largest. */
    private const LARGEST_BODY = 33_554_432;

    /** @param array<string, string> $values without `MJ_RELAY_` */
    public function __construct(#[\SensitiveParameter] private array $values = []) {}

    /** @return array<string, string> without the secrets */
    public function __debugInfo(): array
    {
        return ['secrets' => $this->secrets() === [] ? 'none' : 'set, hidden'];
    }

    public static function fromEnvironment(): self
    {
        $values = [];
        foreach ($_SERVER + getenv() as $name => $value) {
            if (is_string($value) && $value !== '' && str_starts_with((string) $name, 'MJ_RELAY_')) {
                $values[substr((string) $name, strlen('MJ_RELAY_'))] = $value;
            }
        }

        return new self($values);
    }

    /** @return list<string> each of them opens the door */
    public function secrets(): array
    {
        $given = $this->values['SECRET'] ?? '';
        $file = $this->values['SECRET_FILE'] ?? '';
        if ($file !== '') {
            $given .= ',' . (is_readable($file) ? (string) file_get_contents($file) : throw self::wrong('SECRET_FILE', 'cannot be read'));
        }

        return array_values(array_filter(preg_split('/[\s,]+/', $given) ?: [], static fn(string $one): bool => $one !== ''));
    }

    /** Whether everybody may ask, where no secret is set. */
    public function isOpen(): bool
    {
        return ($this->values['OPEN'] ?? '') === '1';
    }

    /** What stands before `/mj` in addresses: nothing, or `/relay`. */
    public function base(): string
    {
        return rtrim($this->values['BASE'] ?? '', '/');
    }

    /** Where this machine reaches the relay, for webhooks; empty when the request has to tell. */
    public function url(): string
    {
        return rtrim($this->values['URL'] ?? '', '/');
    }

    /** Where the relay keeps what is its own; empty for `relay` in the state directory. */
    public function directory(): string
    {
        return $this->values['DIR'] ?? '';
    }

    /** Who is told of tasks that name nobody. */
    public function notifyHook(): string
    {
        return $this->values['NOTIFY_HOOK'] ?? '';
    }

    /** @return list<string> hosts that may be told of tasks, `*.example.com` for all below; empty for any */
    public function hookHosts(): array
    {
        return $this->words('HOOK_HOSTS');
    }

    /** @return list<string> origins whose pages may ask from a browser */
    public function origins(): array
    {
        return $this->words('CORS');
    }

    /** A file with a word a line, none of which a prompt may have; empty for none. */
    public function bannedWords(): string
    {
        return $this->values['BANNED_WORDS'] ?? '';
    }

    /** Whether buttons that open a dialog in remix mode only wait for `/mj/submit/modal` too. */
    public function remix(): bool
    {
        return ($this->values['REMIX'] ?? '') === '1';
    }

    /** Whether one request may make several tasks, by a prompt with permutations or `--repeat`. */
    public function several(): bool
    {
        return ($this->values['SEVERAL'] ?? '') === '1';
    }

    /** Requests a minute of one secret, and of one address; 0 for any number. */
    public function rate(): int
    {
        return $this->number('RATE', 600);
    }

    /** Submissions a minute of one secret, and of one address; 0 for any number. */
    public function submitRate(): int
    {
        return $this->number('SUBMIT_RATE', 60);
    }

    /** Bytes of the largest request. */
    public function largestBody(): int
    {
        return max(1, $this->number('MAX_BODY', self::LARGEST_BODY));
    }

    /** Seconds for which a request that wants its picture in the answer is kept, at most. */
    public function longestWait(): int
    {
        return $this->number('WAIT', 60);
    }

    private function number(string $name, int $default): int
    {
        $value = $this->values[$name] ?? (string) $default;

        return preg_match('/^\d{1,12}$/D', $value) === 1 ? (int) $value : throw self::wrong($name, 'must be a whole number');
    }

    /** @return list<string> */
    private function words(string $name): array
    {
        return preg_split('/[\s,]+/', $this->values[$name] ?? '', -1, PREG_SPLIT_NO_EMPTY) ?: [];
    }

    private static function wrong(string $name, string $why): ConfigurationException
    {
        return new ConfigurationException("MJ_RELAY_$name $why");
    }
}
