--TEST--
An empty prompt is refused
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
mj_configure(hub());
thrown(fn () => mj_imagine(''));
thrown(fn () => mj_imagine(" \t\n"));
var_dump(mj_tasks()['tasks']);
?>
--EXPECTF--
ValueError: mj_imagine(): Argument #1 ($prompt)%sempty%s
ValueError: mj_imagine(): Argument #1 ($prompt)%sempty%s
array(0) {
}
