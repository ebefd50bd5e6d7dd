--TEST--
Image prompts and references may be files and data: addresses; what is unknown is noted
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
require __DIR__ . '/picture.inc';
mj_configure(hub());
mj_imagine('a cat', ['images' => 'https://pictures.example.com/fox.png', 'cref' => 'https://pictures.example.com/c.png']);
var_dump(kept());
mj_imagine('', ['images' => ['https://pictures.example.com/fox.png', data_uri(png())]]);
mj_imagine('a cat', ['sref' => [picture_file(png()), data_uri(png())], 'end' => data_uri(png())]);
var_dump(kept());
echo implode("\n", mj_poll(mj_imagine('a cat --shine 3 --chaos 900 --ar 1:1'))['notes']), "\n";
thrown(fn () => mj_imagine('', ['images' => []]));
thrown(fn () => mj_imagine('a cat', ['images' => array_fill(0, 11, data_uri(png()))]));
thrown(fn () => mj_imagine('a cat', ['images' => [data_uri(png()), 7]]));
thrown(fn () => mj_imagine(str_repeat('a', 5900), ['images' => [data_uri(png())]]));
thrown(fn () => mj_imagine('a cat', ['upload' => 'yes']));
var_dump(kept());
?>
--EXPECT--
int(0)
int(4)
--shine is no parameter that this version knows: it is passed on as it is
the value of --chaos is unusual: it is passed on as it is
ValueError: mj_imagine(): Argument #1 ($prompt): the prompt is empty: give a text, an image or both
ValueError: mj_imagine(): Argument #2 ($options) element "images": has 11 pictures, at most 10 are taken
TypeError: mj_imagine(): Argument #2 ($options) element "images[1]" must be of type string, int given
ValueError: mj_imagine(): Argument #1 ($prompt): the prompt has 5900 characters, Discord allows 5726: shorten it by 174
TypeError: mj_imagine(): Argument #2 ($options) element "upload" must be of type bool, string given
int(4)
