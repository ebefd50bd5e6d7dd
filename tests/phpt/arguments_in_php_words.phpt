--TEST--
Wrong types are told in the words of PHP itself
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
thrown(fn () => mj_poll([]));
thrown(fn () => mj_imagine());
thrown(fn () => mj_imagine('a cat', 'fast'));
thrown(fn () => mj_wait('x', 'soon'));
thrown(fn () => mj_status(1));
thrown(fn () => mj_imagine(options: [], text: 'a cat'));
?>
--EXPECTF--
TypeError: mj_poll(): Argument #1 ($taskId) must be of type string, array given
ArgumentCountError: mj_imagine() expects at least 1 argument, 0 given
TypeError: mj_imagine(): Argument #2 ($options) must be of type array, string given
TypeError: mj_wait(): Argument #2 ($timeout) must be of type float, string given
ArgumentCountError: mj_status() expects exactly 0 arguments, 1 given
Error: Unknown named parameter $text
