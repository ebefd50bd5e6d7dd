<?php

declare(strict_types=1);

namespace Mj\Tests\ChatMoney;

use PHPUnit\Framework\TestCase;

/** The code of the install guide: PHP that parses, of classes that are there, the same in both languages. */
final class ReadmeTest extends TestCase
{
    private const FOLDER = __DIR__ . '/../../php/ChatMoney';

    public function testItsCodeParsesAndNamesWhatIsThere(): void
    {
        foreach (self::blocks('README.md') as $code) {
            self::assertNotEmpty(token_get_all(str_starts_with($code, '<?php') ? $code : "<?php\n$code", TOKEN_PARSE));
            preg_match_all('/\bMj\\\\\w+(?:\\\\\w+)*/', $code, $names);
            foreach ($names[0] as $name) {
                self::assertTrue(class_exists($name) || interface_exists($name), $name);
            }
        }
    }

    public function testBothLanguagesHaveTheSameCode(): void
    {
        $bare = static fn (string $file): array => array_map(static fn (string $code): string => (string) preg_replace('~\s*(?://|#|;).*$~mu', '', $code), self::blocks($file, '\w+'));
        self::assertSame($bare('README.md'), str_replace("'原因'", "'why'", $bare('README.zh-CN.md')));
    }

    /** @return list<string> */
    private static function blocks(string $file, string $language = 'php'): array
    {
        preg_match_all("/^```$language\n(.*?)^```$/ms", (string) file_get_contents(self::FOLDER . "/$file"), $blocks);
        self::assertNotEmpty($blocks[1]);

        return $blocks[1];
    }
}
