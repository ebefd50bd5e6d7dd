--TEST--
An address that Midjourney could not reach is refused at once
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
mj_configure(hub());
foreach (['http://127.0.0.1/a.png', 'http://localhost/a', 'http://169.254.169.254/', 'https://[fd00::1]/a', 'http://10.1/a'] as $url) {
    thrown(fn () => mj_describe($url));
}
thrown(fn () => mj_describe('http://192.168.0.1/a.png', ['upload' => true]));
thrown(fn () => mj_describe('https://me:hush@example.com/a.png'));
thrown(fn () => mj_imagine('a cat', ['images' => ['https://example.com/a.png', 'http://127.0.0.1/a.png']]));
var_dump(mj_tasks()['tasks']);
?>
--EXPECT--
ValueError: mj_describe(): Argument #1 ($image): lies in a private network, where Midjourney cannot fetch it: give the file's path or a data: address
ValueError: mj_describe(): Argument #1 ($image): lies in a private network, where Midjourney cannot fetch it: give the file's path or a data: address
ValueError: mj_describe(): Argument #1 ($image): lies in a private network, where Midjourney cannot fetch it: give the file's path or a data: address
ValueError: mj_describe(): Argument #1 ($image): lies in a private network, where Midjourney cannot fetch it: give the file's path or a data: address
ValueError: mj_describe(): Argument #1 ($image): lies in a private network, where Midjourney cannot fetch it: give the file's path or a data: address
ValueError: mj_describe(): Argument #1 ($image): lies in a private network, where Midjourney cannot fetch it: give the file's path or a data: address
ValueError: mj_describe(): Argument #1 ($image): carries a user name or password: Midjourney would be told it
ValueError: mj_imagine(): Argument #2 ($options) element "images[1]": lies in a private network, where Midjourney cannot fetch it: give the file's path or a data: address
array(0) {
}
