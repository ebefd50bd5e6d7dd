--TEST--
A thousand streams, opened and closed, leave neither files nor threads
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
require __DIR__ . '/select.inc';
mj_configure(hub());
mj_tasks();
$before = held();
for ($number = 0; $number < 1000; ++$number) {
    $stream = mj_watch();
}
var_dump(held()['files'] - $before['files'], held()['threads'] - $before['threads']);
$many = array_map(static fn () => mj_watch(), range(1, 100));
array_map(static fn ($one) => fread($one, 1), $many);
mj_imagine('a cat');
var_dump(held()['threads'] - $before['threads'], count(array_filter($many, static fn ($one) => readable($one, 20))));
unset($stream, $many);
var_dump(held()['files'] - $before['files']);
// The thread ends by itself, a second later at most.
for ($until = microtime(true) + 20; held() !== $before && microtime(true) < $until; usleep(10_000));
var_dump(held() === $before);
?>
--EXPECT--
int(1)
int(1)
int(1)
int(100)
int(0)
bool(true)
