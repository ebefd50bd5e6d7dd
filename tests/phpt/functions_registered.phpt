--TEST--
Every function is there, and only these
--EXTENSIONS--
mj
--FILE--
<?php
echo implode("\n", get_extension_funcs('mj')), "\n";
?>
--EXPECT--
mj_configure
mj_imagine
mj_describe
mj_blend
mj_shorten
mj_show
mj_action
mj_command
mj_poll
mj_poll_many
mj_wait
mj_tasks
mj_events
mj_ack
mj_cancel
mj_serve
mj_status
mj_image_url
mj_download
