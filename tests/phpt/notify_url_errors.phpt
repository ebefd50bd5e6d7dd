--TEST--
A webhook's address must be http or https, and is not quoted; mj_status() counts what waits
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
thrown(fn () => mj_configure(hub(['notify_url' => 'ftp://hush.example/?key=hush'])));
thrown(fn () => mj_configure(hub(['notify_url' => ['a']])));
mj_configure(hub(['notify_secret' => 'hush']));
thrown(fn () => mj_imagine('a cat', ['notify_url' => 'file:///hush']));
thrown(fn () => mj_imagine('a cat', ['notify_url' => 'https://a/' . str_repeat('b', 2048)]));
thrown(fn () => mj_imagine('a cat', ['notify_url' => 7]));
var_dump(mj_status()['webhooks']);
mj_imagine('a cat', ['notify_url' => 'http://127.0.0.1:9/?key=hush']);
mj_imagine('a dog');
var_dump(mj_status()['webhooks']['pending'], str_contains(json_encode(mj_status()), 'hush'));
?>
--EXPECTF--
Mj\ConfigurationException: %Snotify_url: must be an http or https address
Mj\ConfigurationException: %Snotify_url: must be a string, array given
ValueError: mj_imagine(): Argument #2 ($options) element "notify_url" must be an http or https address
ValueError: mj_imagine(): Argument #2 ($options) element "notify_url": is longer than 2048 bytes
TypeError: mj_imagine(): Argument #2 ($options) element "notify_url" must be of type string, int given
array(2) {
  ["pending"]=>
  int(0)
  ["failed"]=>
  int(0)
}
int(1)
bool(false)
