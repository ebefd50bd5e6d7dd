--TEST--
Only a finished task has buttons
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
mj_configure(hub());
$id = mj_imagine('a cat');
thrown(fn () => mj_action($id, 'upscale1'));
thrown(fn () => mj_action('00000000000000000000000000', 'upscale1'));
thrown(fn () => mj_action($id, "\xff"));
try {
    mj_action($id, 'reroll');
} catch (Mj\ActionUnavailableException $e) {
    echo $e->reason, "\n";
}
var_dump(count(mj_tasks()['tasks']));
?>
--EXPECTF--
Mj\ActionUnavailableException: %s
ValueError: mj_action(): Argument #1 ($taskId)%s
%rValueError|Mj\\ActionUnavailableException%r: %s
NOT_FINISHED
int(1)
