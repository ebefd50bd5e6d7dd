--TEST--
A prompt with permutations or repeats is a group, seen as one task
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
mj_configure(hub());
$id = mj_imagine('a {red, blue} fox --repeat 2', ['idempotency_key' => 'order 7', 'state' => 'x']);
$group = mj_poll($id);
var_dump($group['id'] === $id, $group['group_id'] === $id, $group['status'], $group['state'], count($group['tasks']));
foreach (mj_poll_many($group['tasks']) as $member => $task) {
    echo $task['prompt'], ' ', var_export($task['group_id'] === $id && $member !== $id, true), "\n";
}
var_dump(mj_imagine('a {red, blue} fox --repeat 2', ['idempotency_key' => 'order 7']) === $id);
var_dump(mj_poll_many([$id, 'x'])[$id]['tasks'] === $group['tasks'], mj_wait($id, 0)['tasks'] === $group['tasks']);
$listed = array_column(mj_tasks(['group_id' => $id])['tasks'], 'id');
var_dump(array_reverse($listed) === $group['tasks'], count(mj_tasks()['tasks']));
try {
    mj_action($id, 'upscale1');
} catch (Mj\ActionUnavailableException $e) {
    var_dump($e->reason, str_contains($e->getMessage(), implode(', ', $group['tasks'])));
}
thrown(fn () => mj_download($id, sys_get_temp_dir()));
var_dump(mj_cancel($group['tasks'][0]), mj_cancel($id), mj_cancel($id), mj_poll($id)['status']);
?>
--EXPECT--
bool(true)
bool(true)
string(9) "NOT_START"
string(1) "x"
int(4)
a red fox true
a red fox true
a blue fox true
a blue fox true
bool(true)
bool(true)
bool(true)
bool(true)
int(4)
string(11) "NOT_OFFERED"
bool(true)
ValueError: mj_download(): Argument #1 ($taskId): has no pictures: it is NOT_START
bool(true)
bool(true)
bool(false)
string(6) "CANCEL"
