<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator\Documents;

use PhpParser\Node\Stmt\Function_;
use PhpParser\NodeFinder;
use PhpParser\ParserFactory;

/** What there is to be named: functions, classes and their members, options, keys of arrays, settings. */
final class Names
{
    public const ROOT = __DIR__ . '/../../..';

    /** @var array<string, array{int, int|null}> least and most arguments by function; null for any number */
    private array $functions = [];

    /** @var array<string, list<string>> keys by the name of the array */
    private array $keys = [];

    /** @var list<string>|null variables of the environment that PHP code names */
    private ?array $variables = null;

    /** @var list<string> settings without `mj.` */
    private array $settings;

    public function __construct()
    {
        $stub = (string) file_get_contents(self::ROOT . '/stubs/mj.stub.php');
        $parsed = (array) (new ParserFactory())->create(ParserFactory::PREFER_PHP7)->parse($stub);
        foreach ((new NodeFinder())->findInstanceOf($parsed, Function_::class) as $function) {
            $needed = array_filter($function->params, static fn($parameter): bool => $parameter->default === null);
            $this->functions[$function->name->toString()] = [count($needed), count($function->params)];
        }
        $shapes = (require self::ROOT . '/php/phpstan-types.php')['parameters']['typeAliases'];
        $this->keys = array_map([self::class, 'keysOf'], $shapes);
        $further = (new \ReflectionClass(\Mj\Testing\Internal\GivenOptions::class))->getConstants();
        array_push($this->keys['MjImagineOptions'], ...$further['NAMED'], ...$further['FURTHER']);
        preg_match_all('/^ \* @ini mj\.(\w+)/m', $stub, $settings);
        $this->settings = [...$settings[1], 'upload_url', 'user_agent'];
    }

    /** @return array{int, int|null}|null least and most arguments of a function of the extension */
    public function function(string $name): ?array
    {
        return $this->functions[$name] ?? null;
    }

    /** @return list<string>|null */
    public function keys(string $array): ?array
    {
        return $this->keys[$array] ?? null;
    }

    /** A setting by its ini name, or a variable of the environment that the extension, PHP code or a test reads. */
    public function hasSetting(string $name): bool
    {
        if (str_starts_with($name, 'mj.')) {
            return in_array(substr($name, 3), $this->settings, true);
        }
        $plain = (string) preg_replace('/_FILE$/', '', $name);

        return array_intersect([strtolower(substr($name, 3)), strtolower(substr($plain, 3))], $this->settings) !== []
            || array_intersect([$name, $plain], $this->variables()) !== [];
    }

    /** @return list<string> the variables that PHP code names */
    private function variables(): array
    {
        if ($this->variables === null) {
            $named = [];
            foreach (['php', 'tests'] as $folder) {
                $files = new \RecursiveIteratorIterator(new \RecursiveDirectoryIterator(self::ROOT . "/$folder", \FilesystemIterator::SKIP_DOTS));
                foreach ($files as $file) {
                    if ($file->getExtension() === 'php' && $file->getBasename() !== 'DocumentsTest.php') {
                        preg_match_all("/'(MJ_[A-Z_]+)'/", (string) file_get_contents($file->getPathname()), $found);
                        $named += array_flip($found[1]);
                    }
                }
            }
            // The relay cuts what all of its variables begin with.
            preg_match_all("/'([A-Z_]+)'/", (string) file_get_contents(self::ROOT . '/php/src/Http/Settings.php'), $found);
            $named += array_flip(array_map(static fn(string $name): string => "MJ_RELAY_$name", $found[1]));
            $this->variables = array_map('strval', array_keys($named));
        }

        return $this->variables;
    }

    /** Whether a class of ours is there; loaded or not, as those of frameworks cannot be everywhere. */
    public function hasClass(string $class): bool
    {
        try {
            if (class_exists($class) || interface_exists($class)) {
                return true;
            }
        } catch (\Error) {
        }

        return $this->file($class) !== null;
    }

    /** Whether a class has a method, a constant or a property; true where it cannot be loaded here and does not name it. */
    public function hasMember(string $class, string $kind, string $name): bool
    {
        $file = $this->file($class);
        $text = $file === null ? '' : (string) file_get_contents($file);
        if (str_contains($text, '@mixin Client') || preg_match('/@mixin \\\\?Mj\\\\Client/', $text) === 1) {
            return method_exists(\Mj\Client::class, $name) || preg_match("/function $name\b/", $text) === 1;
        }
        if (preg_match("/@property(?:-read)? [^\\n$]*\\$$name\\b|@method [^\\n(]*\\b$name\\(/", $text) === 1) {
            return true;
        }
        try {
            $reflection = new \ReflectionClass($class);
        } catch (\Throwable) {
            return preg_match("/(function|const) $name\b/", $text) === 1;
        }

        return match ($kind) {
            'constant' => $reflection->hasConstant($name),
            'property' => $reflection->hasProperty($name),
            default => $reflection->hasMethod($name),
        };
    }

    /** The class that a method gives back, or that a property is; null for any other type. */
    public function typeOf(string $class, string $member): ?string
    {
        try {
            $reflection = new \ReflectionClass($class);
            $type = $reflection->hasMethod($member) ? $reflection->getMethod($member)->getReturnType() : null;
        } catch (\Throwable) {
            return null;
        }
        $name = $type instanceof \ReflectionNamedType ? $type->getName() : '';
        if ($name === 'static' || $name === 'self') {
            return $class;
        }
        if ($name === '' && preg_match("/@property-read \??(\w+)[^\n]* \\$$member\b/", (string) $reflection->getDocComment(), $found) === 1) {
            $name = 'Mj\\' . $found[1];
        }

        return str_starts_with($name, 'Mj\\') && $this->hasClass($name) ? $name : null;
    }

    private function file(string $class): ?string
    {
        $places = json_decode((string) file_get_contents(self::ROOT . '/php/composer.json'), true)['autoload']['psr-4'];
        foreach ($places as $prefix => $folders) {
            foreach ((array) $folders as $folder) {
                $file = self::ROOT . "/php/$folder" . str_replace('\\', '/', substr($class, strlen($prefix))) . '.php';
                if (str_starts_with($class, $prefix) && is_file($file)) {
                    return $file;
                }
            }
        }

        return null;
    }

    /** @return list<string> the keys of an array shape, not those of the shapes in it */
    private static function keysOf(string $shape): array
    {
        $depth = 0;
        $flat = '';
        foreach (str_split($shape) as $sign) {
            $depth += ['{' => 1, '<' => 1, '}' => -1, '>' => -1][$sign] ?? 0;
            $flat .= $depth === 1 ? $sign : '';
        }
        preg_match_all('/(?:^|[{,])\s*(\w+)\??:/', $flat, $found);

        return $found[1];
    }
}
