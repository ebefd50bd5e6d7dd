--TEST--
The stream is readable at first and after a change, until it is read
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
require __DIR__ . '/select.inc';
mj_configure(hub());
$before = mj_imagine('before');
$one = mj_watch();
$two = mj_watch();
var_dump(readable($one), bin2hex(fread($one, 1)), readable($one), fread($one, 1), feof($one));
fread($two, 1);
$id = mj_imagine('a cat');
var_dump(readable($one, 20), readable($two, 20));
var_dump(bin2hex(fread($one, 8192)), readable($one), fread($one, 1));
mj_cancel($id);
var_dump(readable($one, 20), fgets($one) === "\n", readable($two), fclose($one), readable($two));
?>
--EXPECT--
bool(true)
string(2) "0a"
bool(false)
string(0) ""
bool(false)
bool(true)
bool(true)
string(2) "0a"
bool(false)
string(0) ""
bool(true)
bool(true)
bool(true)
bool(true)
bool(true)
