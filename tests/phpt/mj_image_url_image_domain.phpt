--TEST--
An address of the CDN gets the image domain
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
mj_configure(hub(['cdn_url' => 'https://images.example.com/mj']));
var_dump(mj_image_url('https://cdn.discordapp.com/attachments/1/2/a.png?ex=1&is=2&hm=3'));
thrown(fn () => mj_image_url("\xff"));
?>
--EXPECT--
string(66) "https://images.example.com/mj/attachments/1/2/a.png?ex=1&is=2&hm=3"
ValueError: mj_image_url(): Argument #1 ($url) must be valid UTF-8
