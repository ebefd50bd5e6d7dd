--TEST--
The stream only reads, never blocks, and never seeks
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
mj_configure(hub());
$stream = mj_watch();
var_dump(get_resource_type($stream), array_diff_key(stream_get_meta_data($stream), ['unread_bytes' => 0]));
var_dump(stream_set_blocking($stream, false), stream_set_blocking($stream, true));
var_dump(bin2hex(stream_get_contents($stream)), stream_get_contents($stream), @fseek($stream, 1), fwrite($stream, 'x'));
?>
--EXPECTF--
string(6) "stream"
array(6) {
  ["timed_out"]=>
  bool(false)
  ["blocked"]=>
  bool(false)
  ["eof"]=>
  bool(false)
  ["stream_type"]=>
  string(8) "mj_watch"
  ["mode"]=>
  string(1) "r"
  ["seekable"]=>
  bool(false)
}
bool(true)
bool(false)

Notice: fwrite(): %s in %s on line %d
string(2) "0a"
string(0) ""
int(-1)
bool(false)
