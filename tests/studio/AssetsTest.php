<?php

declare(strict_types=1);

namespace Mj\Tests\Studio;

use Mj\Studio\Assets;

/** The scripts and styles of the page. */
final class AssetsTest extends StudioTestCase
{
    public function testThePageNamesAllOfThemAndEachIsThere(): void
    {
        preg_match_all('~(?:href|src)="(v/[^"]+)"~', self::text($this->ask('GET', '', [], self::SECRET)), $found);
        self::assertCount(count(Assets::scripts()) + 1 + count(Assets::STYLES) + 1 + 1, $found[1], 'modules, their beginning, styles, the dark, the icon');
        foreach ($found[1] as $address) {
            $answer = $this->ask('GET', $address, [], self::SECRET);
            self::assertSame(200, $answer->status, $address);
            self::assertStringContainsString('immutable', $answer->headers['Cache-Control']);
            self::assertSame('nosniff', $answer->headers['X-Content-Type-Options']);
            self::assertMatchesRegularExpression('~^(text/(javascript|css); charset=utf-8|image/svg\+xml)$~', $answer->headers['Content-Type']);
        }
        $styles = array_map(static fn(string $file): string => basename($file, '.css'), glob(__DIR__ . '/../../php/studio/public/css/*.css') ?: []);
        self::assertEqualsCanonicalizing([...Assets::STYLES, 'dark'], $styles);
    }

    public function testEachModuleImportsWhatIsThere(): void
    {
        foreach (Assets::scripts() as $script) {
            $text = (string) file_get_contents(__DIR__ . "/../../php/studio/public/$script");
            self::assertLessThan(150, substr_count($text, "\n"), "$script is small");
            preg_match_all("~^(?:import|\\} from|.* from) '\\./(\\w+)\\.js';~m", $text, $found);
            foreach ($found[1] as $name) {
                self::assertContains("js/$name.js", Assets::scripts(), $script);
            }
        }
    }

    public function testAnOldPageGetsWhatIsThereAndKeepsItNot(): void
    {
        $answer = $this->ask('GET', 'v/00000000/js/studio.js');
        self::assertSame([200, 'no-store'], [$answer->status, $answer->headers['Cache-Control']]);
    }

    public function testNothingElseIsSent(): void
    {
        $this->enter();
        foreach (['v/00000000/index.php', 'v/00000000/js/../index.php', 'v/00000000/js/nothing.js', 'v/x/js/studio.js', 'js/studio.js'] as $path) {
            self::assertRefused(404, 'nothing', $this->ask('GET', $path));
        }
    }
}
