--TEST--
Nothing is saved outside of open_basedir
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
$inside = sys_get_temp_dir() . '/mj-phpt-saved-' . getmypid();
mkdir($inside);
symlink(dirname($inside), "$inside/link");
$state = state_dir();
mj_configure(hub());
$id = str_repeat('0', 26);
ini_set('open_basedir', __DIR__ . PATH_SEPARATOR . $inside);
thrown(fn () => mj_download($id, dirname($inside)));
thrown(fn () => mj_download($id, "$inside/link"));
thrown(fn () => mj_download($id, $inside));
shell_exec('rm -rf ' . escapeshellarg($inside) . ' ' . escapeshellarg($state));
?>
--EXPECT--
ValueError: mj_download(): Argument #2 ($directory): lies outside of open_basedir
ValueError: mj_download(): Argument #2 ($directory): lies outside of open_basedir
ValueError: mj_download(): Argument #1 ($taskId): there is no such task
