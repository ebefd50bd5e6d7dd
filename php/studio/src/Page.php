<?php

declare(strict_types=1);

namespace Mj\Studio;

/** The page itself; what is on it comes by public/js. */
final class Page
{
    private const THEMES = ['auto', 'light', 'dark'];

    private string $theme;

    public function __construct(private Language $language, private string $base, string $theme)
    {
        $this->theme = in_array($theme, self::THEMES, true) ? $theme : 'auto';
    }

    /** @param string|null $token for `X-Csrf-Token`; null shows the login */
    public function render(?string $token, bool $canLeave): string
    {
        ob_start();
        (static function (self $page, ?string $token, bool $canLeave): void {
            require __DIR__ . '/../page.php';
        })($this, $token, $canLeave);

        return (string) ob_get_clean();
    }

    /** What addresses on the page begin with, as HTML. */
    public function base(): string
    {
        return self::html($this->base);
    }

    /** `auto`, `light` or `dark`. */
    public function theme(): string
    {
        return $this->theme;
    }

    public function isChinese(): bool
    {
        return $this->language->code === 'zh';
    }

    /** The language's tag. */
    public function tag(): string
    {
        return $this->language->tag();
    }

    /** A word of the language, as HTML. */
    public function say(string $name): string
    {
        return self::html($this->language->word($name));
    }

    /** What the scripts are told: JSON that cannot end the element it is in. */
    public function told(?string $token): string
    {
        return json_encode(
            ['token' => $token, 'language' => $this->language->code, 'theme' => $this->theme, 'words' => $this->language->words()],
            JSON_THROW_ON_ERROR | JSON_HEX_TAG | JSON_HEX_AMP | JSON_UNESCAPED_UNICODE,
        );
    }

    /** Where css/dark.css counts. */
    public function dark(): string
    {
        return ['auto' => '(prefers-color-scheme: dark)', 'light' => 'not all', 'dark' => 'all'][$this->theme];
    }

    private static function html(string $text): string
    {
        return htmlspecialchars($text, ENT_QUOTES | ENT_SUBSTITUTE, 'UTF-8');
    }
}
