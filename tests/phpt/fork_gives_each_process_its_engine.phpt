--TEST--
Parent and child of a fork submit and poll side by side
--EXTENSIONS--
mj
--SKIPIF--
<?php if (!function_exists('pcntl_fork')) die('skip needs pcntl'); ?>
--FILE--
<?php
require __DIR__ . '/hub.inc';
mj_configure(hub());
$before = mj_imagine('before the fork');
$child = pcntl_fork();
if ($child === 0) {
    mj_imagine('in the child', ['state' => 'child']);
    exit(mj_poll($before)['prompt'] === 'before the fork' ? 0 : 1);
}
$parent = mj_imagine('in the parent');
pcntl_waitpid($child, $status);
var_dump(pcntl_wexitstatus($status), mj_poll($parent)['prompt']);
var_dump(mj_tasks(['state' => 'child'])['tasks'][0]['prompt'], count(mj_tasks()['tasks']));
?>
--EXPECT--
int(0)
string(13) "in the parent"
string(12) "in the child"
int(3)
