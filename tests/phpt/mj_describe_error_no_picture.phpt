--TEST--
What is no picture is refused at once, and nothing is kept
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
require __DIR__ . '/picture.inc';
mj_configure(hub());
thrown(fn () => mj_describe(''));
thrown(fn () => mj_describe("\xff\xfe"));
thrown(fn () => mj_describe('/nowhere/a.png'));
thrown(fn () => mj_describe(__DIR__));
thrown(fn () => mj_describe(__FILE__));
thrown(fn () => mj_describe('php://stdin'));
thrown(fn () => mj_describe('data:image/png;base64,!!'));
thrown(fn () => mj_describe(data_uri(png(), 'image/jpeg')));
thrown(fn () => mj_describe(data_uri(substr(png(), 0, 20))));
thrown(fn () => mj_describe(data_uri(png()), ['dimensions' => 'square']));
thrown(fn () => mj_describe(data_uri(png()), ['bot' => 'dall-e']));
var_dump(kept(), mj_tasks()['tasks']);
?>
--EXPECT--
ValueError: mj_describe(): Argument #1 ($image): is empty
ValueError: mj_describe(): Argument #1 ($image): is not valid UTF-8
ValueError: mj_describe(): Argument #1 ($image): there is no such file
ValueError: mj_describe(): Argument #1 ($image): is not a regular file
ValueError: mj_describe(): Argument #1 ($image): is no PNG, JPEG, WebP or GIF picture
ValueError: mj_describe(): Argument #1 ($image) must be an http or https address, the path of a file or a data: address
ValueError: mj_describe(): Argument #1 ($image): is no data: address of the form data:image/png;base64,…
ValueError: mj_describe(): Argument #1 ($image): says image/jpeg and is image/png
ValueError: mj_describe(): Argument #1 ($image): is no PNG, JPEG, WebP or GIF picture
ValueError: mj_describe(): Argument #2 ($options) element "dimensions": no such option; known are account, idempotency_key, mode, notify_url, priority, state, timeout, user_token, bot, upload
ValueError: mj_describe(): Argument #2 ($options) element "bot" must be midjourney or niji
int(0)
array(0) {
}
