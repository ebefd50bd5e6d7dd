<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator\Documents;

use PHPUnit\Framework\TestCase;

/** The PHP code of all documents and examples parses and names only what there is; so do the settings that they name. */
final class DocumentsTest extends TestCase
{
    private static Names $names;

    public static function setUpBeforeClass(): void
    {
        self::$names = new Names();
    }

    /** @return array<string, array{string}> */
    public function documents(): array
    {
        $documents = [];
        foreach (['', '/php', '/docs'] as $folder) {
            $depth = $folder === '' ? 0 : -1;
            $files = new \RecursiveIteratorIterator(new \RecursiveDirectoryIterator(Names::ROOT . $folder, \FilesystemIterator::SKIP_DOTS));
            $files->setMaxDepth($depth);
            foreach ($files as $file) {
                if ($file->getExtension() === 'md' && !str_contains($file->getPathname(), '/vendor/')) {
                    $documents[substr($file->getPathname(), strlen(Names::ROOT) + 1)] = [$file->getPathname()];
                }
            }
        }
        ksort($documents);

        return $documents;
    }

    /** @dataProvider documents */
    public function testItsCodeNamesWhatThereIs(string $file): void
    {
        $text = (string) file_get_contents($file);
        preg_match_all('/^( *)```php\n(.*?)^\1```$/ms', $text, $blocks, PREG_SET_ORDER);
        self::assertCount(count((array) preg_grep('/^ *```php/', explode("\n", $text))), $blocks);
        foreach ($blocks as [, , $code]) {
            self::assertSame([], Code::complaints(self::$names, str_starts_with(ltrim($code), '<?php') ? ltrim($code) : "<?php\n$code"), $code);
        }
    }

    /** @dataProvider documents */
    public function testItsSettingsAreThere(string $file): void
    {
        $text = (string) file_get_contents($file);
        preg_match_all('/(?<![\w.\/-])mj\.(?!so\b|stub\b|ini\b|php\b|yaml\b|log\b|conf\b|test\b)[a-z_]+\b(?![.\/])/', $text, $settings);
        preg_match_all('/(?<!\w)MJ_(?!EXTENSION\b|SIMULATOR\b)[A-Z_]+\b(?=`?(?:=|: |`| in ))/', $text, $variables);
        $unknown = array_filter(
            [...$settings[0], ...$variables[0]],
            static fn(string $name): bool => !self::$names->hasSetting($name),
        );

        self::assertSame([], array_values(array_unique($unknown)));
    }

    public function testTheExamplesNameWhatThereIs(): void
    {
        foreach ((array) glob(Names::ROOT . '/php/examples/*.php') as $file) {
            self::assertSame([], Code::complaints(self::$names, (string) file_get_contents((string) $file)), (string) $file);
        }
    }

    /** @return array<string, array{string, list<string>}> */
    public function wrongCode(): array
    {
        return [
            'not PHP' => ['$x = ;', ["Syntax error, unexpected ';' on line 2"]],
            'function' => ['mj_draw("x");', ['there is no function mj_draw()']],
            'arguments' => ['mj_poll();', ['mj_poll() takes 1 to 1 arguments, not 0']],
            'option' => ['mj_imagine("x", ["colour" => 1, "ar" => "1:1"]);', ['there is no colour in MjImagineOptions']],
            'setting' => ['mj_configure(["token" => ""]);', ['there is no token in MjConfigureOptions']],
            'filter' => ['mj_tasks(["colour" => 1]);', ['there is no colour in MjTasksOptions']],
            'key' => ['mj_wait($id)["picture"];', ['there is no key picture in MjTask']],
            'key of a variable' => ['$task = mj_poll($id); echo $task["state"], $task["x"];', ['there is no key x in MjTask']],
            'class' => ['new \Mj\Midjorney();', ['there is no class Mj\Midjorney']],
            'imported class' => ['use Mj\Testing\{Outcome, Fake}; new Fake();', ['there is no class Mj\Testing\Fake']],
            'method' => ['$mj = new \Mj\Midjourney(); $mj->imagine("x")->wait();', ['there is no method Mj\Task::wait()']],
            'property' => ['function f(\Mj\Task $task) { return $task->id . $task->picture; }', ['there is no property Mj\Task::$picture']],
            'constant' => ['echo \Mj\Button::SEED, \Mj\Button::CROP;', ['there is no constant Mj\Button::CROP']],
            'option of a client' => ['$mj = new \Mj\Midjourney(["a" => 1]); $mj->upscale($x, 2, ["b" => 1]);', [
                'there is no b in MjActionOptions', 'there is no a in MjConfigureConfig',
            ]],
        ];
    }

    /**
     * @dataProvider wrongCode
     *
     * @param list<string> $complaints
     */
    public function testWhatThereIsNotIsFound(string $code, array $complaints): void
    {
        $found = Code::complaints(self::$names, "<?php\n$code");
        sort($complaints);
        sort($found);

        self::assertSame($complaints, $found);
        self::assertFalse(self::$names->hasSetting('mj.colour') || self::$names->hasSetting('MJ_COLOUR'));
    }
}
