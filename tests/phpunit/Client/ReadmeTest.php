<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator\Client;

use Mj\Client;
use Mj\Midjourney;
use Mj\Tests\Simulator\Hub;
use PHPUnit\Framework\TestCase;

/** The code of php/README.md runs, and its table has every method. */
final class ReadmeTest extends TestCase
{
    public function testTheTenLinesMakeAPicture(): void
    {
        $code = preg_replace('/new Midjourney\(\[.*?\]\)/', 'new Midjourney()', self::blocks()[0], -1, $count);
        self::assertSame(1, $count);
        $hub = new Hub(['gateway' => 'user', 'spacing' => '20ms']);
        [$said, $written] = $hub->run('require $data["autoload"]; ob_start(); eval($data["code"]); return [ob_get_clean(), is_file($path)];', [
            'autoload' => __DIR__ . '/../../../php/autoload.php',
            'code' => str_replace('sys_get_temp_dir()', var_export($hub->directory(), true), (string) $code),
        ]);

        self::assertMatchesRegularExpression('/^NOT_START 0 %\n|^SUBMITTED 0 %\n/', $said);
        self::assertStringEndsWith("SUCCESS 100 %\n", $said);
        self::assertTrue($written);
        self::assertContains('ACTION', array_column($hub->call('mj_tasks')['tasks'], 'action'));
    }

    public function testTheTestOfAUserPasses(): void
    {
        (static function (string $code): void {
            eval($code);
        })(self::blocks()[1]);
    }

    public function testTheTableHasEveryMethod(): void
    {
        preg_match_all('/^\| [a-z]+ \| (.+) \|$/m', self::text(), $rows);
        preg_match_all('/`([a-zA-Z]+)`/', implode($rows[1]), $named);
        $methods = array_filter(get_class_methods(Midjourney::class), static fn(string $name): bool => $name !== '__construct');

        self::assertSame([], array_diff(get_class_methods(Client::class), $methods));
        self::assertSame([], array_diff($methods, $named[1]));
        self::assertSame([], array_diff($named[1], [...$methods, 'Midjourney']));
    }

    /** @return list<string> the code that stands at the left edge */
    private static function blocks(): array
    {
        preg_match_all('/^```php\n(.*?)^```$/ms', self::text(), $blocks);

        return $blocks[1];
    }

    private static function text(): string
    {
        return (string) file_get_contents(__DIR__ . '/../../../php/README.md');
    }
}
