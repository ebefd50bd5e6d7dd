--TEST--
What was kept for a task that is not taken, or is known already, does not stay on the disk
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
require __DIR__ . '/picture.inc';
mj_configure(hub(['queue_size' => 2]));
$first = mj_describe(data_uri(png()), ['idempotency_key' => 'once']);
var_dump($first === mj_describe(data_uri(png()), ['idempotency_key' => 'once']), kept());
mj_blend([data_uri(png()), data_uri(png())]);
var_dump(kept());
for ($i = 0; $i < 3; $i++) {
    try {
        mj_blend([data_uri(png()), data_uri(png())]);
    } catch (Mj\QueueFullException $e) {
        echo $e::class, "\n";
    }
}
var_dump(kept());
?>
--EXPECT--
bool(true)
int(1)
int(3)
Mj\QueueFullException
Mj\QueueFullException
Mj\QueueFullException
int(3)
