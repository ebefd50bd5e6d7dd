--TEST--
Two to five pictures of any source are blended
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
require __DIR__ . '/picture.inc';
mj_configure(hub());
$id = mj_blend(['https://pictures.example.com/fox.png', picture_file(png()), data_uri(png())], ['dimensions' => 'portrait']);
mj_blend(array_fill(0, 5, data_uri(png())), ['aspect' => '3:2']);
mj_blend(['a' => data_uri(png()), 'b' => data_uri(png())]);
var_dump(mj_poll($id)['action'], mj_poll($id)['status'], kept());
?>
--EXPECT--
string(5) "BLEND"
string(9) "NOT_START"
int(9)
