--TEST--
A blend needs two to five pictures in one of three shapes
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
require __DIR__ . '/picture.inc';
mj_configure(hub());
$png = data_uri(png());
thrown(fn () => mj_blend([]));
thrown(fn () => mj_blend([$png]));
thrown(fn () => mj_blend(array_fill(0, 6, $png)));
thrown(fn () => mj_blend([$png, 7]));
thrown(fn () => mj_blend([$png, 'http://127.0.0.1/a.png']));
thrown(fn () => mj_blend([$png, '/nowhere/a.png']));
thrown(fn () => mj_blend([$png, $png], ['dimensions' => '16:9']));
thrown(fn () => mj_blend([$png, $png], ['dimensions' => 'square', 'aspect' => '2:3']));
thrown(fn () => mj_blend([$png, $png], ['stylize' => 50]));
var_dump(mj_tasks()['tasks']);
?>
--EXPECT--
ValueError: mj_blend(): Argument #1 ($images) must have 2 to 5 pictures, 0 given
ValueError: mj_blend(): Argument #1 ($images) must have 2 to 5 pictures, 1 given
ValueError: mj_blend(): Argument #1 ($images) must have 2 to 5 pictures, 6 given
TypeError: mj_blend(): Argument #1 ($images) element "1" must be of type string, int given
ValueError: mj_blend(): Argument #1 ($images) element "1": lies in a private network, where Midjourney cannot fetch it: give the file's path or a data: address
ValueError: mj_blend(): Argument #1 ($images) element "1": there is no such file
ValueError: mj_blend(): Argument #2 ($options) element "dimensions" must be portrait (2:3), square (1:1) or landscape (3:2): a blend has no other shape
ValueError: mj_blend(): Argument #2 ($options) element "aspect": says something else than another option: give one of dimensions and aspect
ValueError: mj_blend(): Argument #2 ($options) element "stylize": no such option; known are account, idempotency_key, mode, notify_url, priority, state, timeout, user_token, aspect, bot, dimensions
array(0) {
}
