<?php

declare(strict_types=1);

namespace Mj\Tests\Frameworks;

use Mj\Framework\Settings;
use PHPUnit\Framework\TestCase;

/** The settings file of an application, as every framework reads it. */
final class SettingsTest extends TestCase
{
    public function testWhatIsNotSetIsLeftToPhpIni(): void
    {
        $unset = Settings::from(['config' => ['user_token' => null, 'guild_id' => '', 'accounts' => []]], 'shop');
        self::assertNull($unset->config());
        self::assertSame('shop', $unset->consumer());
        self::assertNull(Settings::from([], 'shop')->config());

        $set = Settings::from(['config' => ['user_token' => 'a', 'seed_tag' => false, 'spacing' => 0, 'proxy' => '']], 'shop');
        self::assertSame(['user_token' => 'a', 'seed_tag' => false, 'spacing' => 0], $set->config());
    }

    /** @dataProvider wrong */
    public function testWhatCannotBeUsedIsNamed(mixed $values, string $named): void
    {
        $this->expectException(\ValueError::class);
        $this->expectExceptionMessageMatches("/^mj: .*$named/");
        Settings::from($values, 'shop');
    }

    /** @return iterable<string, array{mixed, string}> */
    public function wrong(): iterable
    {
        yield 'no array' => ['a-secret', 'settings must be an array$'];
        yield 'config' => [['config' => 'a-secret'], '"config" must be an array$'];
        yield 'consumer' => [['consumer' => 7], '"consumer" must be a string$'];
        yield 'consumer with a path' => [['consumer' => '../x'], '"consumer" must be 1 to 64 characters'];
        yield 'empty consumer' => [['consumer' => ''], '"consumer" must be 1 to 64 characters'];
        yield 'long consumer' => [['consumer' => str_repeat('x', 65)], '"consumer" must be 1 to 64 characters'];
        yield 'consumer with a line' => [['consumer' => "x\n"], '"consumer" must be 1 to 64 characters'];
        yield 'tell_at_once' => [['tell_at_once' => 'perhaps'], '"tell_at_once" must be true or false$'];
    }

    /** A reverse proxy can be set for each host, in the settings that an application begins with. */
    public function testEachHostCanBeSet(): void
    {
        $hosts = ['activity_url', 'api_url', 'cdn_url', 'gateway_resume_url', 'gateway_url', 'upload_url'];
        foreach (['Laravel/config.php', 'ThinkPHP/config.php', 'Webman/config/plugin/mj/client/app.php', 'Symfony/README.md'] as $file) {
            preg_match_all("/^ {8}'?(\w+_url)'?(?: =>|:) /m", (string) file_get_contents(__DIR__ . "/../../php/$file"), $named);
            sort($named[1]);
            self::assertSame($hosts, $named[1], $file);
        }
    }

    public function testNoSecretIsShown(): void
    {
        $settings = Settings::from(['config' => ['user_token' => 'a-secret']], 'shop');
        self::assertStringNotContainsString('a-secret', print_r($settings, true));
        self::assertStringContainsString('user_token', print_r($settings, true));
    }
}
