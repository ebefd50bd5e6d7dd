--TEST--
A prompt that is not UTF-8 is refused
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
mj_configure(hub());
thrown(fn () => mj_imagine("a \xff cat"));
thrown(fn () => mj_imagine('a cat', ['state' => "\xff"]));
var_dump(mj_tasks()['tasks']);
?>
--EXPECTF--
ValueError: mj_imagine(): Argument #1 ($prompt)%SUTF-8%S
ValueError: mj_imagine(): Argument #2 ($options) element "state"%SUTF-8%S
array(0) {
}
