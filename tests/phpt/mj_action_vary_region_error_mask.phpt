--TEST--
A mask is a PNG of this machine; a form's prompt has its limit
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
require __DIR__ . '/picture.inc';
mj_configure(hub());
$id = mj_imagine('a cat');
thrown(fn () => mj_action($id, 'vary_region', ['mask' => 'https://example.com/mask.png']));
thrown(fn () => mj_action($id, 'vary_region', ['mask' => data_uri("GIF89a\1\0\1\0\0\0\0", 'image/gif')]));
thrown(fn () => mj_action($id, 'vary_region', ['mask' => data_uri('no picture')]));
thrown(fn () => mj_action($id, 'vary_region', ['mask' => ['a']]));
thrown(fn () => mj_action($id, 'vary_region', ['prompt' => str_repeat('a', 4001)]));
thrown(fn () => mj_action($id, 'vary_region', ['images' => []]));
thrown(fn () => mj_action($id, 'vary_region', ['mask' => data_uri(png())]));
var_dump(kept());
?>
--EXPECTF--
ValueError: mj_action(): Argument #3 ($options) element "mask" must be the path of a PNG file or a data: address, not a web address
ValueError: mj_action(): Argument #3 ($options) element "mask": is a image/gif: a mask must be a PNG or WebP, white where the picture may change
ValueError: mj_action(): Argument #3 ($options) element "mask": is no PNG, JPEG, WebP or GIF picture
TypeError: mj_action(): Argument #3 ($options) element "mask" must be of type string, array given
ValueError: mj_action(): Argument #3 ($options) element "prompt": has 4001 characters, a form takes 4000 at most
ValueError: mj_action(): Argument #3 ($options) element "images": no such option; known are account, idempotency_key, mode, notify_url, priority, state, timeout, user_token, mask, prompt, values
Mj\ActionUnavailableException: task %s is NOT_START; it has no buttons: they come with the picture
int(0)
