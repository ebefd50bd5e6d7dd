<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator\Client;

use Mj\Internal\Prompt;
use Mj\Testing\Internal\Permutations;
use PHPUnit\Framework\TestCase;

/** What is seen of a prompt before it is submitted. */
final class PromptTest extends TestCase
{
    /** @return array<string, array{string, bool}> */
    public function prompts(): array
    {
        return [
            'one' => ['a cat --ar 3:2 --raw --rw', false],
            'permutations' => ['a {red, blue} cat', true],
            'over lines' => ["a {red,\nblue} cat", true],
            'within others' => ['a {{red, blue} cat, dog', true],
            'escaped' => ['a \{red, blue\} cat', false],
            'an escaped backslash' => ['a \\\\{red, blue} cat', true],
            'stressed words' => ['a {cat}, {{very small}}, [red]', false],
            'stressed words with a comma' => ['a {{cat, small}}', true],
            'escaped within others' => ['a {{red\, blue}} cat', true],
            'the other brace alone' => ['a {red, blue cat', false],
            'the wrong way round' => ['a } cat {', false],
            'repeated' => ['a cat --repeat 40', true],
            'repeated once' => ['a cat --repeat 1 --ar 1:1', false],
            'repeated once, and again' => ['a cat --repeat 1 --r 12', true],
            'repeated, short' => ['a cat --r 2', true],
            'repeated, behind a long dash' => ["a cat \u{2014}Repeat 2", true],
        ];
    }

    /** @dataProvider prompts */
    public function testWhetherItMakesSeveral(string $prompt, bool $isSeveral): void
    {
        self::assertSame($isSeveral, Prompt::isSeveral($prompt));
    }

    public function testWhatIsWrittenOutIsSeen(): void
    {
        $pieces = ['{', '}', ',', '\\', ' ', 'a', "\n", '--r 2', '--repeat 3', '--r 1', '--raw', '-'];
        mt_srand(1);
        $several = 0;
        for ($number = 0; $number < 20_000; ++$number) {
            $prompt = 'x';
            for ($length = mt_rand(1, 12); $length > 0; --$length) {
                $prompt .= $pieces[mt_rand(0, count($pieces) - 1)];
            }
            try {
                $count = count(Permutations::expand($prompt));
            } catch (\ValueError) {
                continue;
            }
            if ($count > 1) {
                ++$several;
                self::assertTrue(Prompt::isSeveral($prompt), $prompt);
            }
        }
        self::assertGreaterThan(100, $several);
    }
}
