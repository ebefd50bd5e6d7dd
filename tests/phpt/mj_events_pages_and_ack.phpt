--TEST--
The feed comes oldest first, each consumer has its own place, and it never goes back
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
mj_configure(hub());
$ids = array_map(fn ($prompt) => mj_imagine($prompt), ['a cat', 'a dog', 'a bird']);
mj_cancel($ids[0]);
$events = mj_events('shop:1');
foreach ($events as $event) {
    echo $event['task']['prompt'], ' ', $event['task']['status'], "\n";
}
var_dump(array_keys($events[0]), $events[3]['task'] === mj_poll($ids[0]));
$cursors = array_column($events, 'cursor');
var_dump($cursors === array_unique($cursors), min($cursors) > 0);
mj_ack('shop:1', $cursors[1]);
mj_ack('shop:1', $cursors[0]);
echo count(mj_events('shop:1')), ' ', count(mj_events('shop:1', 1)), ' ', count(mj_events('other')), "\n";
mj_ack('shop:1', PHP_INT_MAX);
$began = hrtime(true);
var_dump(mj_events('shop:1', wait: 0.3));
var_dump(hrtime(true) - $began >= 0.3e9);
mj_imagine('a fish');
echo mj_events('shop:1', wait: 20)[0]['task']['prompt'], "\n";
?>
--EXPECT--
a cat CANCEL
a dog NOT_START
a bird NOT_START
a cat CANCEL
array(2) {
  [0]=>
  string(6) "cursor"
  [1]=>
  string(4) "task"
}
bool(true)
bool(true)
bool(true)
2 1 4
array(0) {
}
bool(true)
a fish
