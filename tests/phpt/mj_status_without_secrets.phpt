--TEST--
The status names no secret
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
mj_configure(hub());
mj_imagine('a secret prompt');
$status = mj_status();
var_dump(is_array($status), $status !== []);
$shown = print_r($status, true);
var_dump(str_contains($shown, 'TOKEN-OF-A-TEST'), str_contains($shown, 'secret prompt'));
?>
--EXPECT--
bool(true)
bool(true)
bool(false)
bool(false)
