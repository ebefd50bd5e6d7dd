--TEST--
A time-out must be a time
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
mj_configure(hub());
$id = mj_imagine('a cat');
thrown(fn () => mj_wait($id, -1));
thrown(fn () => mj_wait($id, NAN));
thrown(fn () => mj_wait('00000000000000000000000000', 0));
var_dump(mj_wait($id, 0)['status']);
?>
--EXPECTF--
ValueError: mj_wait(): Argument #2 ($timeout) must be greater than or equal to 0
ValueError: mj_wait(): Argument #2 ($timeout) must be greater than or equal to 0
ValueError: mj_wait(): Argument #1 ($taskId)%s
string(9) "NOT_START"
