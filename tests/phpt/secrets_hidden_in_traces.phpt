--TEST--
Tokens never show in a stack trace
--EXTENSIONS--
mj
--SKIPIF--
<?php if (PHP_VERSION_ID < 80200) die('skip SensitiveParameter came with PHP 8.2'); ?>
--INI--
zend.exception_ignore_args=0
--FILE--
<?php
require __DIR__ . '/hub.inc';
function calls(): iterable
{
    yield fn () => mj_configure(['guild_id' => 'x', 'user_token' => 'TOKEN-IN-TRACE']);
    yield fn () => mj_imagine('', ['user_token' => 'TOKEN-IN-TRACE']);
    yield fn () => mj_action('x', 'y', ['user_token' => 'TOKEN-IN-TRACE']);
    yield fn () => mj_describe('', ['user_token' => 'TOKEN-IN-TRACE']);
    yield fn () => mj_blend([], ['user_token' => 'TOKEN-IN-TRACE']);
    yield fn () => mj_shorten('', ['user_token' => 'TOKEN-IN-TRACE']);
    yield fn () => mj_show('', ['user_token' => 'TOKEN-IN-TRACE']);
    yield fn () => mj_command('x', [], ['user_token' => 'TOKEN-IN-TRACE']);
    yield fn () => mj_download('x', '/', ['user_token' => 'TOKEN-IN-TRACE']);
}
foreach (calls() as $call) {
    try {
        $call();
        echo "nothing thrown\n";
    } catch (Throwable $e) {
        $frame = $e->getTrace()[0];
        echo $frame['function'], ': ', end($frame['args'])::class, "\n";
        $shown = $e . print_r($e->getTrace(), true) . var_export($e->getTrace(), true);
        var_dump(str_contains($shown, 'TOKEN-IN-TRACE'));
    }
}
?>
--EXPECT--
mj_configure: SensitiveParameterValue
bool(false)
mj_imagine: SensitiveParameterValue
bool(false)
mj_action: SensitiveParameterValue
bool(false)
mj_describe: SensitiveParameterValue
bool(false)
mj_blend: SensitiveParameterValue
bool(false)
mj_shorten: SensitiveParameterValue
bool(false)
mj_show: SensitiveParameterValue
bool(false)
mj_command: SensitiveParameterValue
bool(false)
mj_download: SensitiveParameterValue
bool(false)
