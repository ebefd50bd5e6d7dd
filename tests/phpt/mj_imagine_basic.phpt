--TEST--
A task is there as soon as mj_imagine returns
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
mj_configure(hub());
$id = mj_imagine('a cat in the rain --ar 16:9', ['state' => 'order 7', 'seed' => 42]);
$task = mj_poll($id);
echo implode(' ', array_keys($task)), "\n";
var_dump($task['id'] === $id, $task['action'], $task['status'], $task['progress'], $task['prompt']);
var_dump($task['state'], $task['seed'], $task['images'], $task['buttons'], $task['retryable'], $task['revision']);
var_dump(abs($task['created_at'] / 1000 - time()) < 60, $task['finished_at']);
?>
--EXPECT--
id action status progress prompt final_prompt parent_id group_id account mode image_url preview_url images texts buttons fail_code fail_reason retryable late message_id job_id seed queue_position state revision created_at submitted_at started_at finished_at stage estimated_at not_before notes
bool(true)
string(7) "IMAGINE"
string(9) "NOT_START"
int(0)
string(27) "a cat in the rain --ar 16:9"
string(7) "order 7"
int(42)
array(0) {
}
array(0) {
}
bool(false)
int(1)
bool(true)
NULL
