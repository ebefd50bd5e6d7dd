--TEST--
A job is brought back by its uuid; what is none is refused
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
mj_configure(hub(['gateway' => 'bot']));
$id = mj_show('0ddb91a0-af46-4ae9-8e8e-c271074eb6e6');
var_dump(mj_poll($id)['action']);
thrown(fn () => mj_show('0ddb91a0'));
thrown(fn () => mj_show('00000000000000000000000000'));
thrown(fn () => mj_show($id));
?>
--EXPECT--
string(4) "SHOW"
ValueError: mj_show(): Argument #1 ($jobId) must be a job's uuid (8-4-4-4-12 hexadecimal digits) or a task's id
ValueError: mj_show(): Argument #1 ($jobId): is the id of no task
ValueError: mj_show(): Argument #1 ($jobId): is a task whose job at Midjourney is not known
