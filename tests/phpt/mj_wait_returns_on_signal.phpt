--TEST--
A signal ends a wait early, with the task as it is
--EXTENSIONS--
mj
--SKIPIF--
<?php if (!function_exists('pcntl_alarm')) die('skip needs pcntl'); ?>
--FILE--
<?php
require __DIR__ . '/hub.inc';
mj_configure(hub());
pcntl_async_signals(true);
pcntl_signal(SIGALRM, static function (): void { echo "signal\n"; });
$id = mj_imagine('a cat');
pcntl_alarm(1);
$start = microtime(true);
$task = mj_wait($id, 60);
var_dump($task['status'], microtime(true) - $start < 30);
?>
--EXPECT--
signal
string(9) "NOT_START"
bool(true)
