--TEST--
The same idempotency key is the same task
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
mj_configure(hub());
$first = mj_imagine('a cat', ['idempotency_key' => 'order-7']);
$again = mj_imagine('a cat', ['idempotency_key' => 'order-7']);
$other = mj_imagine('a cat', ['idempotency_key' => 'order-8']);
var_dump($first === $again, $first === $other, count(mj_tasks()['tasks']));
?>
--EXPECT--
bool(true)
bool(false)
int(2)
