<?php

declare(strict_types=1);

namespace Mj\Tests\Frameworks;

use Mj\Client;
use PHPUnit\Framework\TestCase;

/** The facades tell editors of every method that the client has. */
final class StaticClassesTest extends TestCase
{
    /** @dataProvider files */
    public function testEveryMethodOfTheClientIsNamed(string $file): void
    {
        preg_match_all('/^ \* @method static (.+?) (\w+)\((.*)\)$/m', (string) file_get_contents(__DIR__ . "/../../php/$file"), $named, PREG_SET_ORDER);
        $told = [];
        foreach ($named as [, $type, $name, $parameters]) {
            preg_match_all('/\$(\w+)(?: = ([^,]+))?/', $parameters, $found);
            $told[$name] = array_combine($found[1], $found[2]);
        }
        $client = [];
        foreach ((new \ReflectionClass(Client::class))->getMethods() as $method) {
            $client[$method->getName()] = [];
            foreach ($method->getParameters() as $one) {
                $default = $one->isDefaultValueAvailable() ? $one->getDefaultValue() : '';
                $client[$method->getName()][$one->getName()] = match (true) {
                    $default === [] => '[]',
                    // In such a comment PHPStan takes no constant.
                    $default === INF => '1e18',
                    $default === '' => '',
                    default => strtolower(var_export($default, true)),
                };
            }
        }
        self::assertSame($client, $told);
    }

    /** @return iterable<string, array{string}> */
    public function files(): iterable
    {
        yield 'Laravel' => ['Laravel/Facades/Mj.php'];
        yield 'ThinkPHP' => ['ThinkPHP/Mj.php'];
        yield 'Webman' => ['Webman/Mj.php'];
    }
}
