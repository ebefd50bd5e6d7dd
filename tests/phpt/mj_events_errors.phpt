--TEST--
A consumer's name, the limit, the wait and the cursor are checked
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
mj_configure(hub());
foreach (['', str_repeat('a', 65), 'a b', "a\xff"] as $name) {
    thrown(fn () => mj_events($name));
}
thrown(fn () => mj_events('a', 0));
thrown(fn () => mj_events('a', 1001));
thrown(fn () => mj_events('a', 1, -0.5));
thrown(fn () => mj_events('a', 1, NAN));
thrown(fn () => mj_ack('a b', 1));
thrown(fn () => mj_ack('a', -1));
thrown(fn () => mj_ack('a', 0));
var_dump(mj_events(str_repeat('Z', 64), 1000));
?>
--EXPECTF--
ValueError: mj_events(): Argument #1 ($consumer) must be 1 to 64 characters of %s
ValueError: mj_events(): Argument #1 ($consumer) must be 1 to 64 characters of %s
ValueError: mj_events(): Argument #1 ($consumer) must be 1 to 64 characters of %s
ValueError: mj_events(): Argument #1 ($consumer) must be 1 to 64 characters of %s
ValueError: mj_events(): Argument #2 ($limit) must be from 1 to 1000
ValueError: mj_events(): Argument #2 ($limit) must be from 1 to 1000
ValueError: mj_events(): Argument #3 ($wait) must be greater than or equal to 0
ValueError: mj_events(): Argument #3 ($wait) must be greater than or equal to 0
ValueError: mj_ack(): Argument #1 ($consumer) must be 1 to 64 characters of %s
ValueError: mj_ack(): Argument #2 ($cursor) must be greater than or equal to 0
NULL
array(0) {
}
