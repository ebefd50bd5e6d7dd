--TEST--
A stream needs a state directory and a descriptor, but no hub
--EXTENSIONS--
mj
--SKIPIF--
<?php if (!getenv('MJ_EXTENSION')) die('skip needs MJ_EXTENSION'); ?>
--FILE--
<?php
require __DIR__ . '/hub.inc';
require __DIR__ . '/select.inc';
mj_configure(['state_dir' => '/dev/null/state']);
thrown(fn () => mj_watch());
thrown(fn () => mj_watch(1));
mj_configure(['state_dir' => state_dir()]);
$stream = mj_watch();
fread($stream, 1);
mj_configure(hub());
mj_imagine('a cat');
var_dump(readable($stream, 20));

$code = <<<'PHP'
    mj_tasks();
    try {
        while (true) $streams[] = mj_watch();
    } catch (Mj\EngineException $e) {
        var_dump(count($streams) > 20, $e->getMessage());
    }
    array_pop($streams);
    var_dump(get_resource_type(mj_watch()));
    PHP;
$entries = '-d mj.role=never -d mj.state_dir=' . escapeshellarg(state_dir());
echo shell_exec('ulimit -n 60; ' . php("$entries -r " . escapeshellarg($code)));
?>
--EXPECTF--
Mj\ConfigurationException: mj.state_dir: %s
ArgumentCountError: mj_watch() expects exactly 0 arguments, 1 given
bool(true)
bool(true)
string(%d) "no stream: %s"
string(6) "stream"
