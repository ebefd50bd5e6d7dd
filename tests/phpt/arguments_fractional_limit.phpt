--TEST--
A fraction for a whole number is told of in the words of PHP itself
--EXTENSIONS--
mj
--SKIPIF--
<?php if (PHP_VERSION_ID < 80100) die('skip PHP 8.0 says nothing about it'); ?>
--FILE--
<?php
require __DIR__ . '/hub.inc';
thrown(fn () => mj_tasks([], 1.5));
?>
--EXPECTF--
Deprecated: Implicit conversion from float 1.5 to int loses precision in %s on line %d
%a
