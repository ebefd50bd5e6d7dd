--TEST--
Options of the wrong type are refused by name
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
mj_configure(hub());
thrown(fn () => mj_imagine('a cat', ['seed' => []]));
thrown(fn () => mj_imagine('a cat', ['state' => new stdClass()]));
thrown(fn () => mj_imagine('a cat', ['images' => [STDIN]]));
thrown(fn () => mj_imagine('a cat', ['mode' => 'warp']));
$loop = [];
$loop['state'] = &$loop;
thrown(fn () => mj_imagine('a cat', $loop));
var_dump(mj_tasks()['tasks']);
?>
--EXPECTF--
TypeError: mj_imagine(): Argument #2 ($options) element "seed" must be of type %S, array given
TypeError: mj_imagine(): Argument #2 ($options) element "state" must be of type %S, object given
TypeError: mj_imagine(): Argument #2 ($options) element "images.0" must be of type %S, resource given
ValueError: mj_imagine(): Argument #2 ($options) element "mode"%Sfast%S
ValueError: mj_imagine(): Argument #2 ($options) element "state.state.%S must not be nested deeper than 16 arrays
array(0) {
}
