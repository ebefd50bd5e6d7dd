--TEST--
Several tasks come back by their ids
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
mj_configure(hub());
$cat = mj_imagine('a cat');
$dog = mj_imagine('a dog');
$tasks = mj_poll_many([$cat, 'unknown', $dog]);
var_dump(array_keys($tasks) === [$cat, 'unknown', $dog]);
var_dump($tasks[$cat]['prompt'], $tasks['unknown'], $tasks[$dog]['prompt']);
var_dump($tasks[$cat] === mj_poll($cat), mj_poll_many([]));
thrown(fn () => mj_poll_many([$cat, 7]));
?>
--EXPECT--
bool(true)
string(5) "a cat"
NULL
string(5) "a dog"
bool(true)
array(0) {
}
TypeError: mj_poll_many(): Argument #1 ($taskIds) must be of type array of string, int given
