<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

use PHPUnit\Framework\Assert;

/** `docs/refusals.md`, the promise about every fail code, as the tests hold tasks and accounts to it. */
final class Guide
{
    /** @var array<string, array{retryable: bool, en: string, zh: string}>|null by fail code */
    private static ?array $codes = null;

    /** Its own words for a code. */
    public static function words(string $code, string $lang = 'en'): string
    {
        return self::code($code)[$lang];
    }

    /**
     * A task that failed as the guide says: code, our words first, and whether the same call may succeed later.
     *
     * @param array<string, mixed> $task
     */
    public static function assertFailed(string $code, array $task, string $lang = 'en'): void
    {
        $seen = json_encode($task, JSON_UNESCAPED_UNICODE);
        Assert::assertSame(['FAILURE', $code], [$task['status'], $task['fail_code']], $seen);
        Assert::assertStringStartsWith(self::words($code, $lang), $task['fail_reason'], $seen);
        Assert::assertSame(self::code($code)['retryable'], $task['retryable'], $seen);
        Assert::assertNull($task['image_url'], $seen);
        Assert::assertNotNull($task['finished_at'], $seen);
    }

    /** @return array{retryable: bool, en: string, zh: string} */
    private static function code(string $code): array
    {
        self::$codes ??= self::read();
        if (!isset(self::$codes[$code])) {
            throw new \LogicException("docs/refusals.md does not know $code");
        }

        return self::$codes[$code];
    }

    /** @return array<string, array{retryable: bool, en: string, zh: string}> */
    private static function read(): array
    {
        $codes = [];
        $text = (string) file_get_contents(__DIR__ . '/../../docs/refusals.md');
        $table = substr($text, (int) strpos($text, '## All codes'));
        foreach (explode("\n", $table) as $line) {
            $cells = array_map('trim', explode('|', trim($line, "| \n")));
            if (count($cells) === 7 && preg_match('/^`([A-Z_]+)`$/', $cells[0], $name) === 1) {
                $codes[$name[1]] = ['retryable' => $cells[2] === 'yes', 'en' => $cells[3], 'zh' => $cells[5]];
            }
        }

        return $codes;
    }
}
