<?php

declare(strict_types=1);

namespace Mj\Tests\Relay\Clients;

use Mj\Tests\Relay\Site;
use PHPUnit\Framework\TestCase;

/** Schemathesis holds the running relay to php/http/openapi.json. `make test-relay` installs it. */
final class OpenApiTest extends TestCase
{
    public function testTheRelayIsWhatItsDescriptionSays(): void
    {
        $site = new Site(['WAIT' => '1']);
        $grid = $site->done('/mj/submit/imagine', ['prompt' => 'a cat']);
        self::assertSame('SUCCESS', $grid['status']);
        $output = Tools::run('schemathesis', [
            '--config-file', __DIR__ . '/schemathesis.toml', 'run', dirname(__DIR__, 3) . '/php/http/openapi.json', '--url', $site->url,
            '--header', 'mj-api-secret: ' . Site::SECRET, '--checks', 'all', '--phases', 'examples,coverage,fuzzing', '--no-color',
        ], [], $status);
        self::assertSame(0, $status, $output);
        self::assertMatchesRegularExpression('/Tested: (\d+)\b/', $output);
        preg_match('/Selected: (\d+)\/(\d+)\s+Tested: (\d+)/', $output, $found);
        self::assertSame([$found[2], $found[2]], [$found[1], $found[3]], $output);
        self::assertStringNotContainsString('PHP ', $site->log());
    }
}
