--TEST--
php -m, --ri and --re know the extension
--EXTENSIONS--
mj
--SKIPIF--
<?php if (!getenv('MJ_EXTENSION')) die('skip needs MJ_EXTENSION'); ?>
--FILE--
<?php
require __DIR__ . '/hub.inc';
var_dump(str_contains(shell_exec(php('-m')), "\nmj\n"));
var_dump(str_contains(shell_exec(php('-d mj.user_token=HIDDEN --ri mj')), 'mj.user_token => set, hidden'));
var_dump(str_contains(shell_exec(php('-d mj.user_token=HIDDEN --re mj')), 'HIDDEN'));
var_dump(shell_exec(php("-r 'echo 1;'")));
?>
--EXPECT--
bool(true)
bool(true)
bool(false)
string(1) "1"
