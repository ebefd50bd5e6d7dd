--TEST--
A task that was not sent is cancelled at once
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
mj_configure(hub());
$id = mj_imagine('a cat');
var_dump(mj_cancel($id), mj_poll($id)['status'], mj_cancel($id));
thrown(fn () => mj_cancel('00000000000000000000000000'));
?>
--EXPECTF--
bool(true)
string(6) "CANCEL"
bool(false)
ValueError: mj_cancel(): Argument #1 ($taskId)%s
