--TEST--
An id that names no task gives null
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
mj_configure(hub());
var_dump(mj_poll('00000000000000000000000000'));
var_dump(mj_poll('no id at all'));
var_dump(mj_poll(''));
var_dump(mj_poll("\xff\0"));
?>
--EXPECT--
NULL
NULL
NULL
NULL
