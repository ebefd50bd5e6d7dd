<?php

declare(strict_types=1);

namespace Mj\Tests\Console;

use Mj\Console\Picture\Query;
use PHPUnit\Framework\TestCase;

/** What terminals answer. */
final class QueryTest extends TestCase
{
    public function testXterm(): void
    {
        $query = Query::of("\e[?1;0;1024S\e[?2;0;1000;792S\e[?63;1;2;4;6;9;15;16;22;28c");
        self::assertTrue($query->drawsSixels());
        self::assertSame(256, $query->colours(), 'more than sixels can have');
        self::assertSame([11, 22], $query->cell(96, 36));
        self::assertNull($query->cell(96, 35), 'another size by now');
    }

    public function testOneThatTellsTheSizeOfItsCells(): void
    {
        $query = Query::of("\e[?1;0;16S\e[6;18;9t\e[?62;4c");
        self::assertSame([true, 16, [9, 18]], [$query->drawsSixels(), $query->colours(), $query->cell(80, 24)]);
    }

    public function testNonsense(): void
    {
        foreach (['', "\e[?c", "\e[?64;14;44c", "\e[6;0;0t\e[?1c", "\e[6;99999;99999t", "\e[?2;0;0;0S\e[?1;3;0S"] as $answers) {
            $query = Query::of($answers);
            self::assertSame([false, 256, null], [$query->drawsSixels(), $query->colours(), $query->cell(80, 24)], $answers);
        }
    }
}
