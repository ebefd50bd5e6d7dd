--TEST--
The doctor refuses options that cannot be used, and nothing else
--EXTENSIONS--
mj
--FILE--
<?php
thrown(fn () => mj_doctor(['formats' => 'text']));
thrown(fn () => mj_doctor(['format' => 'html']));
thrown(fn () => mj_doctor(['format' => 1]));
thrown(fn () => mj_doctor(['lang' => 'fr']));
thrown(fn () => mj_doctor(['network' => 'no']));
thrown(fn () => mj_doctor(['timeout' => 0]));
thrown(fn () => mj_doctor(['timeout' => 61.5]));
thrown(fn () => mj_doctor(['timeout' => '5']));
thrown(fn () => mj_doctor(['only' => ['api', 'weather']]));
thrown(fn () => mj_doctor(['only' => 7]));
thrown(fn () => mj_doctor(['config' => 'x']));
thrown(fn () => mj_doctor(['text']));
thrown(fn () => mj_doctor('text'));

function thrown(callable $body): void
{
    try {
        var_dump($body());
    } catch (Throwable $e) {
        echo $e::class, ': ', $e->getMessage(), "\n";
    }
}
?>
--EXPECTF--
ValueError: mj_doctor(): Argument #1 ($options) element "formats": no such option; known are config, format, idle, lang, network, only, timeout
ValueError: mj_doctor(): Argument #1 ($options) element "format" must be array, json or text
TypeError: mj_doctor(): Argument #1 ($options) element "format" must be of type string, int given
ValueError: mj_doctor(): Argument #1 ($options) element "lang" must be en or zh
TypeError: mj_doctor(): Argument #1 ($options) element "network" must be of type bool, string given
ValueError: mj_doctor(): Argument #1 ($options) element "timeout" must be 1 to 60 seconds
ValueError: mj_doctor(): Argument #1 ($options) element "timeout" must be 1 to 60 seconds
TypeError: mj_doctor(): Argument #1 ($options) element "timeout" must be of type int|float, string given
ValueError: mj_doctor(): Argument #1 ($options) element "only": there is no check weather; mj_doctor() without it lists all
TypeError: mj_doctor(): Argument #1 ($options) element "only" must be of type string|list, int given
TypeError: mj_doctor(): Argument #1 ($options) element "config" must be of type array with the keys of mj_configure(), string given
ValueError: mj_doctor(): Argument #1 ($options)%s
TypeError: mj_doctor(): Argument #1 ($options) must be of type array, string given
