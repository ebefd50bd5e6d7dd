--TEST--
A download says what it lacks
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
mj_configure(hub());
$id = mj_imagine('a cat');
thrown(fn () => mj_download($id, sys_get_temp_dir()));
thrown(fn () => mj_download('00000000000000000000000000', sys_get_temp_dir()));
thrown(fn () => mj_download($id, "/tmp/\xff"));
thrown(fn () => mj_download($id, ''));
thrown(fn () => mj_download($id, sys_get_temp_dir(), ['colour' => 'red']));
?>
--EXPECTF--
%rValueError|Mj\\EngineException%r: %s
ValueError: mj_download(): Argument #1 ($taskId)%s
ValueError: mj_download(): Argument #2 ($directory) must be valid UTF-8
ValueError: mj_download(): Argument #2 ($directory)%sis empty%s
ValueError: mj_download(): Argument #3 ($options)%scolour%s
