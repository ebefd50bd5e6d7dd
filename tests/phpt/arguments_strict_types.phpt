--TEST--
strict_types holds for our functions too
--EXTENSIONS--
mj
--FILE--
<?php
declare(strict_types=1);
require __DIR__ . '/hub.inc';
thrown(fn () => mj_poll(5));
thrown(fn () => mj_wait('x', '5'));
?>
--EXPECT--
TypeError: mj_poll(): Argument #1 ($taskId) must be of type string, int given
TypeError: mj_wait(): Argument #2 ($timeout) must be of type float, string given
