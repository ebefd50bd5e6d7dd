--TEST--
Unknown options are refused by name
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
mj_configure(hub());
thrown(fn () => mj_imagine('a cat', ['colour' => 'red']));
thrown(fn () => mj_imagine('a cat', ['fast']));
var_dump(mj_tasks()['tasks']);
?>
--EXPECTF--
ValueError: mj_imagine(): Argument #2 ($options)%Scolour%S
%rValueError|TypeError%r: mj_imagine(): Argument #2 ($options)%S
array(0) {
}
