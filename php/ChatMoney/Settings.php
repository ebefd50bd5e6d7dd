<?php

declare(strict_types=1);

namespace Mj\ChatMoney;

/** What the admin has set for the direct service (`mddai_mj`), as settings of the extension. */
final class Settings
{
    /** ChatMoney's name, and the extension's. */
    private const NAMES = [
        'proxy_url' => 'cdn_url',
        'proxy_api' => 'api_url',
        'proxy_wss' => 'gateway_url',
        'guild_id' => 'guild_id',
        'channel_id' => 'channel_id',
        'session_id' => 'session_id',
        'bot_token' => 'bot_token',
    ];

    /** Which schemes an address may have. */
    private const SCHEMES = [
        'proxy_url' => ['https', 'http'],
        'proxy_api' => ['https', 'http'],
        'proxy_wss' => ['wss', 'ws'],
    ];

    /** ChatMoney's own time-out, in minutes. */
    private const TIMEOUT = 10;

    /**
     * Settings for `new Midjourney(…)` or `mj_configure()`. What is empty is left to php.ini; what is unknown is ignored,
     * for `mddai_mj` may have more.
     *
     * @param array<mixed>|string  $mddai the array, or its JSON; `timeout` in it is in minutes
     * @param array<string, mixed> $more  the extension's own settings, which win
     *
     * @return array<string, mixed>
     *
     * @throws DriverException naming the setting that is wrong, never its value
     */
    public static function fromMddai(#[\SensitiveParameter] array|string $mddai, #[\SensitiveParameter] array $more = []): array
    {
        $given = is_string($mddai) ? json_decode($mddai, true) : $mddai;
        if (!is_array($given)) {
            throw new DriverException('mddai_mj is neither an array nor JSON of one');
        }
        $settings = [];
        foreach (self::NAMES as $theirs => $ours) {
            $value = self::text($given, $theirs);
            if ($value !== '') {
                $settings[$ours] = self::checked($theirs, $value);
            }
        }
        $settings['timeout'] = 60 * self::minutes(self::text($given, 'timeout'));

        return $more + $settings;
    }

    private static function checked(string $name, string $value): string
    {
        if (str_ends_with($name, '_id') && $name !== 'session_id' && preg_match('/^[0-9]{15,20}$/D', $value) !== 1) {
            throw new DriverException("mddai_mj: $name must be the 15 to 20 digits that Discord's \"Copy ID\" gives");
        }
        $schemes = self::SCHEMES[$name] ?? [];
        if ($schemes === []) {
            return $value;
        }
        $scheme = strtolower((string) parse_url($value, PHP_URL_SCHEME));
        if (!in_array($scheme, $schemes, true) || (string) parse_url($value, PHP_URL_HOST) === '') {
            throw new DriverException("mddai_mj: $name must be a whole address that begins with {$schemes[0]}://");
        }

        return rtrim($value, '/');
    }

    private static function minutes(string $value): int
    {
        if ($value === '') {
            return self::TIMEOUT;
        }
        $minutes = filter_var($value, FILTER_VALIDATE_INT, ['options' => ['min_range' => 1, 'max_range' => 1440]]);

        return is_int($minutes) ? $minutes : throw new DriverException('mddai_mj: timeout must be 1 to 1440 minutes');
    }

    /** @param array<mixed> $given */
    private static function text(array $given, string $name): string
    {
        $value = $given[$name] ?? '';
        if (!is_scalar($value)) {
            throw new DriverException("mddai_mj: $name must be a text");
        }

        return trim((string) $value);
    }
}
