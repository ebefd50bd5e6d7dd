<?php

declare(strict_types=1);

namespace Mj\Studio;

/** The words of the page in one language. */
final class Language
{
    /** By their codes, as each calls itself. */
    public const ALL = ['en' => 'English', 'zh' => '中文'];

    /** @var array<string, string> */
    private array $words;

    /** @param 'en'|'zh' $code */
    public function __construct(public string $code)
    {
        /** @var array<string, string> $words */
        $words = require __DIR__ . "/../words/$code.php";
        $this->words = $words;
    }

    /** What the visitor chose; else the first that the browser wants and we have. */
    public static function of(Request $request): self
    {
        $chosen = $request->cookie('mj_lang');
        if ($chosen === 'en' || $chosen === 'zh') {
            return new self($chosen);
        }
        $weights = [];
        foreach (explode(',', $request->header('accept-language')) as $range) {
            if (preg_match('/^\s*(en|zh)\b[\w-]*\s*(?:;\s*q=([\d.]+))?/i', $range, $found) === 1) {
                $code = strtolower($found[1]);
                $weights[$code] = max($weights[$code] ?? 0.0, (float) ($found[2] ?? '1'));
            }
        }
        arsort($weights);

        return new self(array_key_first($weights) === 'zh' ? 'zh' : 'en');
    }

    public function tag(): string
    {
        return $this->code === 'zh' ? 'zh-Hans' : 'en';
    }

    public function word(string $name): string
    {
        return $this->words[$name] ?? throw new \LogicException("the language $this->code has no word for $name");
    }

    /** @return array<string, string> */
    public function words(): array
    {
        return $this->words;
    }
}
