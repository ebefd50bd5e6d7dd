<?php

declare(strict_types=1);

namespace Mj\Tests\Console;

use Mj\Console\Application;
use Mj\Console\Console;
use Mj\Console\ExitCode;

/** docs/console.md and its Chinese twin tell of every command and exit code, and of no option that there is not. */
final class DocumentTest extends ConsoleTestCase
{
    /** @return array<string, array{string}> */
    public function documents(): array
    {
        return ['English' => ['console.md'], 'Chinese' => ['console.zh-CN.md']];
    }

    /** @dataProvider documents */
    public function testItHasWhatThereIs(string $name): void
    {
        $text = (string) file_get_contents(__DIR__ . "/../../docs/$name");
        $application = new Application(new Console($this->mj));
        $options = [];
        foreach ($application->all() as $command) {
            if (!in_array($command->getName(), ['help', 'list', '_complete'], true)) {
                self::assertMatchesRegularExpression("/\\bmj {$command->getName()}\\b/", $text, (string) $command->getName());
            }
            $options += array_flip(array_keys($command->getDefinition()->getOptions()));
        }
        // Of Midjourney's own: what is written into the form of a zoom.
        preg_match_all('/(?<![\w-])--([a-z][a-z-]*)/', str_replace('--zoom 1.8', '', (string) preg_replace('/^(php|ln|apt-get) .*$/m', '', $text)), $named);
        self::assertSame([], array_values(array_diff(array_unique($named[1]), array_keys($options), ['ini'])));
        foreach (array_diff_key((new \ReflectionClass(ExitCode::class))->getConstants(), ['SIGNAL' => 0]) as $code) {
            self::assertStringContainsString("\n| $code | ", $text);
        }
        self::assertStringContainsString("\n| 130", $text);
    }

    public function testBothHaveTheSameExamples(): void
    {
        $blocks = [];
        foreach ($this->documents() as [$name]) {
            preg_match_all('/^```(?:console|sh|ini)\n(.*?)^```/ms', (string) file_get_contents(__DIR__ . "/../../docs/$name"), $found);
            $blocks[] = array_map(static fn (string $block): string => (string) preg_replace('/ +#.*| --lang zh$/m', '', $block), $found[1]);
        }
        self::assertNotSame([], $blocks[0]);
        self::assertSame($blocks[0], $blocks[1]);
    }
}
