--TEST--
A full queue says when to try again
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
mj_configure(hub(['queue_size' => 2]));
mj_imagine('a cat');
mj_imagine('a dog');
try {
    mj_imagine('a bird');
} catch (Mj\QueueFullException $e) {
    echo $e->getMessage(), "\n";
    var_dump($e->retryAfter > 0);
}
var_dump(count(mj_tasks()['tasks']));
?>
--EXPECTF--
the queue is full: 2 tasks wait and mj.queue_size is 2; try again in %d s
bool(true)
int(2)
