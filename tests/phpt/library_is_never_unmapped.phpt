--TEST--
The library stays mapped when PHP unloads it
--EXTENSIONS--
mj
--SKIPIF--
<?php if (!getenv('MJ_EXTENSION') || !shell_exec('command -v readelf')) die('skip needs MJ_EXTENSION and readelf'); ?>
--FILE--
<?php
exec('readelf -d ' . escapeshellarg(getenv('MJ_EXTENSION')), $lines);
var_dump(preg_match('/NODELETE/', implode("\n", $lines)));
?>
--EXPECT--
int(1)
