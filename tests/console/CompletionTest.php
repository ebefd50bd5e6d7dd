<?php

declare(strict_types=1);

namespace Mj\Tests\Console;

use Mj\Console\Application;
use Mj\Console\Console;
use Symfony\Component\Console\Tester\CommandCompletionTester;

/** What the shell offers behind the Tab key. */
final class CompletionTest extends ConsoleTestCase
{
    public function testIdsAreThoseOfTheNewestTasks(): void
    {
        $one = $this->mj->imagine('a cat');
        $two = $this->mj->imagine('a dog');
        foreach ([['task', ['']], ['watch', [$one->id, '']], ['show', ['']], ['upscale', ['']], ['tasks', ['--parent', '']]] as [$command, $words]) {
            self::assertSame([$two->id, $one->id, 'last'], $this->offered($command, $words), $command);
        }
    }

    public function testButtonsAreThoseOfTheTask(): void
    {
        $grid = $this->mj->wait($this->mj->imagine('a cat'));
        $single = $this->mj->wait($this->mj->upscale($grid, 1));
        self::assertSame(['1', '2', '3', '4'], $this->offered('upscale', [$grid->id, '']));
        self::assertSame(['subtle', 'creative'], $this->offered('upscale', [$single->id, '']));
        self::assertContains('animate_high', $this->offered('action', [$single->id, '']));
        self::assertNotContains('upscale1', $this->offered('action', [$single->id, '']));
        self::assertContains('vary_region', $this->offered('action', ['UNKNOWN', '']));
        self::assertSame(['left', 'right', 'up', 'down'], $this->offered('pan', [$single->id, '']));
    }

    public function testValuesOfOptions(): void
    {
        self::assertSame(['fast', 'relax', 'turbo'], $this->offered('imagine', ['--mode', '']));
        self::assertSame(['auto', 'iterm', 'kitty', 'sixel', 'none'], $this->offered('imagine', ['--pictures', '']));
        self::assertContains('IN_PROGRESS', $this->offered('tasks', ['--status', '']));
        self::assertSame(['en', 'zh'], $this->offered('doctor', ['--lang', '']));
        self::assertContains('settings', $this->offered('command', ['']));
        self::assertSame([], $this->offered('imagine', ['--seed', '']));
    }

    public function testWithoutTheExtensionNothingIsOffered(): void
    {
        if (extension_loaded('mj')) {
            self::markTestSkipped('the extension is loaded here');
        }
        $command = (new Application(new Console()))->find('task');
        self::assertSame([], (new CommandCompletionTester($command))->complete(['']));
    }

    /**
     * @param list<string> $words
     *
     * @return list<string>
     */
    private function offered(string $command, array $words): array
    {
        $offered = (new CommandCompletionTester((new Application(new Console($this->mj)))->find($command)))->complete($words);

        return array_map('strval', $offered);
    }
}
