<?php

declare(strict_types=1);

namespace Mj\Tests\Relay\Clients;

use Mj\Tests\Relay\Site;
use PHPUnit\Framework\TestCase;

/** AceData's own command line, `midjourney-pro-cli` of PyPI, as it is, asks the relay. */
final class AceDataCliTest extends TestCase
{
    public function testItImaginesTransformsAndWaits(): void
    {
        $site = new Site();
        $grid = $this->ask($site, ['imagine', 'a lighthouse at dusk', '--mode', 'turbo']);
        self::assertTrue($grid['success']);
        $grid = $this->ask($site, ['wait', $grid['task_id'], '--interval', '1', '--timeout', '60']);
        self::assertSame([100, 'turbo'], [$grid['progress'], $grid['mode']]);
        self::assertContains('upscale2', $grid['actions']);
        $single = $this->ask($site, ['transform', $grid['image_id'], 'upscale2']);
        $single = $this->ask($site, ['wait', $single['task_id'], '--interval', '1', '--timeout', '60']);
        self::assertSame('upscale', $single['type']);
        self::assertContains('variation_strong', $single['actions']);
        $both = $this->ask($site, ['tasks', $grid['task_id'], $single['task_id']]);
        self::assertSame([$grid['task_id'], $single['task_id']], array_column($both['items'], 'id'));
        self::assertMatchesRegularExpression('/^\d+$/D', $this->ask($site, ['seed', $grid['image_id']])['seed']);
        self::assertCount(4, $this->ask($site, ['describe', $single['image_url']])['descriptions']);
    }

    public function testAWrongSecretIsAnInvalidToken(): void
    {
        $site = new Site();
        $output = Tools::run('midjourney', ['--token', 'wrong', 'imagine', 'x'], ['ACEDATACLOUD_API_BASE_URL' => $site->url], $status);
        self::assertSame(1, $status);
        self::assertStringContainsString('Invalid API token', $output);
    }

    /**
     * @param  list<string>         $arguments
     * @return array<string, mixed>
     */
    private function ask(Site $site, array $arguments): array
    {
        // Its output is folded to the width of the terminal.
        $environment = ['ACEDATACLOUD_API_BASE_URL' => $site->url, 'ACEDATACLOUD_API_TOKEN' => Site::SECRET, 'COLUMNS' => '2000'];
        $output = Tools::run('midjourney', [...$arguments, '--json'], $environment, $status);
        self::assertSame(0, $status, $output);

        return json_decode((string) preg_replace('/^(?!\{)[^\n{]*\n/', '', $output), true, 64, JSON_THROW_ON_ERROR);
    }
}
