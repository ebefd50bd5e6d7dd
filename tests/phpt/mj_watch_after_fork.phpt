--TEST--
A forked child's copy of the stream is readable once, says so, and takes nothing from its parent
--EXTENSIONS--
mj
--SKIPIF--
<?php if (!function_exists('pcntl_fork')) die('skip needs pcntl'); ?>
--FILE--
<?php
require __DIR__ . '/hub.inc';
require __DIR__ . '/select.inc';
mj_configure(hub());
$stream = mj_watch();
fread($stream, 1);
$child = pcntl_fork();
if ($child === 0) {
    var_dump(readable($stream), feof($stream), fread($stream, 1), readable($stream));
    fclose($stream);
    $own = mj_watch();
    fread($own, 1);
    mj_imagine('in the child');
    var_dump(readable($own, 20), bin2hex(fread($own, 1)), feof($own));
    exit(0);
}
pcntl_waitpid($child, $status);
echo "parent\n";
var_dump($status, readable($stream, 20), bin2hex(fread($stream, 1)), readable($stream), feof($stream));
?>
--EXPECTF--
Warning: fread(): The stream was made before a fork, by another process: close it, and call mj_watch() again in %s on line %d
bool(true)
bool(true)
string(0) ""
bool(false)
bool(true)
string(2) "0a"
bool(false)
parent
int(0)
bool(true)
string(2) "0a"
bool(false)
bool(false)
