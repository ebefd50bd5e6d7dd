<?php

declare(strict_types=1);

namespace Mj\Tests\Symfony;

/** Symfony as Debian has it; MJ_SYMFONY names the `vendor/autoload.php` of another one. */
final class Packages
{
    /** Whether Symfony is there; what is missing where it is not. */
    public static function missing(): ?string
    {
        $named = getenv('MJ_SYMFONY');
        $autoload = is_string($named) && $named !== '' ? [$named] : ['Symfony/Bundle/FrameworkBundle/autoload.php', 'Symfony/Component/Messenger/autoload.php', 'Symfony/Component/Yaml/autoload.php'];
        foreach ($autoload as $file) {
            if (stream_resolve_include_path($file) === false) {
                return "$file, see make setup-frameworks";
            }
            require_once $file;
        }

        return null;
    }
}
