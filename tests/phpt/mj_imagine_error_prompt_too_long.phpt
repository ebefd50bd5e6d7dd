--TEST--
A prompt over the limit of Discord is refused, and nothing is stored
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
mj_configure(hub());
thrown(fn () => mj_imagine(str_repeat('cat ', 2000)));
var_dump(mj_tasks()['tasks']);
?>
--EXPECTF--
ValueError: mj_imagine(): Argument #1 ($prompt): the prompt has 7999 characters, Discord allows %d%s
array(0) {
}
