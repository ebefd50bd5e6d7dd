--TEST--
A picture to describe may be an address, a file or a data: address
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
require __DIR__ . '/picture.inc';
mj_configure(hub());
$link = mj_describe('https://pictures.example.com/fox.png', ['state' => 'order 7', 'bot' => 'niji']);
var_dump(kept());
mj_describe('https://pictures.example.com/fox.png', ['upload' => true]);
mj_describe(picture_file(png()));
mj_describe(data_uri(png()));
var_dump(kept());
$task = mj_poll($link);
var_dump($task['action'], $task['status'], $task['prompt'], $task['state'], $task['texts'], $task['stage'], $task['notes']);
var_dump(array_key_exists('tasks', $task));
?>
--EXPECT--
int(0)
int(2)
string(8) "DESCRIBE"
string(9) "NOT_START"
string(0) ""
string(7) "order 7"
array(0) {
}
NULL
array(0) {
}
bool(false)
