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
$signals = 0;
// Again and again: on a slow machine the first one may come before the wait.
pcntl_signal(SIGALRM, static function () use (&$signals): void { ++$signals; pcntl_alarm(1); });
$id = mj_imagine('a cat');
pcntl_alarm(1);
$task = mj_wait($id, 3600);
var_dump($task['status'], $signals > 0);
?>
--EXPECT--
string(9) "NOT_START"
bool(true)
