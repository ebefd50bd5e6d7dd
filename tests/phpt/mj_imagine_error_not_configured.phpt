--TEST--
Without tokens the missing setting is named
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
mj_configure(['state_dir' => state_dir()]);
thrown(fn () => mj_imagine('a cat'));
mj_configure(['state_dir' => state_dir(), 'user_token' => 'A', 'guild_id' => '']);
?>
--EXPECTF--
Mj\ConfigurationException: %Smj.user_token%S

Fatal error: Uncaught Mj\ConfigurationException: mj.guild_id%S
%A
