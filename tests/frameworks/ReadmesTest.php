<?php

declare(strict_types=1);

namespace Mj\Tests\Frameworks;

use Mj\Framework\Command;
use Mj\Framework\Doctor;
use Mj\Framework\Imagine;
use Mj\Framework\Serve;
use Mj\Framework\Sync;
use PHPUnit\Framework\TestCase;

/** What the guides say of the commands is so, and the Chinese ones have the code of the English ones. */
final class ReadmesTest extends TestCase
{
    /** @dataProvider guides */
    public function testTheTableHasEachCommandWithItsParameters(string $guide): void
    {
        preg_match_all('/^\| `(mj:\w+)(.*?)` \|/m', self::text($guide), $rows);
        $told = [];
        foreach ($rows[1] as $number => $name) {
            preg_match_all('/--(\w+)(?:=(\w+))?/', $rows[2][$number], $options);
            $told[$name] = array_combine($options[1], $options[2]);
        }
        $true = [];
        foreach ([Imagine::class, Sync::class, Doctor::class, Serve::class] as $command) {
            $true[$command::NAME] = self::options($command);
        }
        self::assertSame($true, $told);
    }

    /** @return iterable<string, array{string}> */
    public function guides(): iterable
    {
        foreach (['Laravel/README.md', 'Symfony/README.md', 'ThinkPHP/README.md', 'ThinkPHP/README.zh-CN.md', 'Webman/README.md', 'Webman/README.zh-CN.md'] as $guide) {
            yield $guide => [$guide];
        }
    }

    public function testTheChineseGuidesHaveTheSameCode(): void
    {
        foreach (['ThinkPHP', 'Webman'] as $framework) {
            $code = static function (string $guide): array {
                preg_match_all('/^```php\n(.*?)^```$/ms', self::text($guide), $blocks);

                return preg_replace('~ +// .*$~m', '', $blocks[1]);
            };
            self::assertSame($code("$framework/README.md"), $code("$framework/README.zh-CN.md"));
        }
    }

    /**
     * What the table says of an option: its default, a name for what is given, nothing for a flag.
     *
     * @param class-string<Command> $command
     *
     * @return array<string, string>
     */
    private static function options(string $command): array
    {
        $options = [];
        foreach ($command::parameters() as $one) {
            if (!$one->isArgument()) {
                $options[$one->name()] = $one->isFlag() ? '' : ((string) $one->default() ?: ['directory' => 'DIR', 'seconds' => 'N'][$one->name()]);
            }
        }

        return $options;
    }

    private static function text(string $guide): string
    {
        return (string) file_get_contents(__DIR__ . "/../../php/$guide");
    }
}
