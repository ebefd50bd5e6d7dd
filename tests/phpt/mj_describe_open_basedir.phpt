--TEST--
Files outside of open_basedir are refused
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
require __DIR__ . '/picture.inc';
$inside = sys_get_temp_dir() . '/mj-phpt-inside-' . getmypid();
mkdir($inside);
file_put_contents("$inside/a.png", png());
$outside = "$inside-not.png";
file_put_contents($outside, png());
symlink($outside, "$inside/link.png");
$state = state_dir();
mj_configure(hub());
ini_set('open_basedir', __DIR__ . PATH_SEPARATOR . $inside);
thrown(fn () => mj_describe($outside));
thrown(fn () => mj_describe("$inside/../" . basename($outside)));
thrown(fn () => mj_describe("$inside/link.png"));
thrown(fn () => mj_describe('/nowhere/a.png'));
thrown(fn () => mj_imagine('a cat', ['images' => [$outside]]));
thrown(fn () => mj_imagine('a cat', ['cref' => $outside]));
var_dump(strlen(mj_describe("$inside/a.png")));
// PHP itself may not remove them any more.
shell_exec('rm -rf ' . escapeshellarg($inside) . ' ' . escapeshellarg($outside) . ' ' . escapeshellarg($state));
?>
--EXPECT--
ValueError: mj_describe(): Argument #1 ($image): lies outside of open_basedir
ValueError: mj_describe(): Argument #1 ($image): lies outside of open_basedir
ValueError: mj_describe(): Argument #1 ($image): lies outside of open_basedir
ValueError: mj_describe(): Argument #1 ($image): lies outside of open_basedir
ValueError: mj_imagine(): Argument #2 ($options) element "images[0]": lies outside of open_basedir
ValueError: mj_imagine(): Argument #2 ($options) element "cref": lies outside of open_basedir
int(26)
