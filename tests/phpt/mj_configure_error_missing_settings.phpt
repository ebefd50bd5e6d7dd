--TEST--
Each missing setting is named
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
thrown(fn () => mj_configure(['guild_id' => null] + hub()));
thrown(fn () => mj_configure(['channel_id' => ''] + hub()));
thrown(fn () => mj_configure(['bot_token' => '', 'gateway' => 'bot'] + hub()));
thrown(fn () => mj_configure(['user_token' => '', 'gateway' => 'user'] + hub()));
thrown(fn () => mj_configure(['guild_id' => 'my server'] + hub()));
?>
--EXPECTF--
Mj\ConfigurationException: mj.guild_id: %s
Mj\ConfigurationException: mj.channel_id: %s
Mj\ConfigurationException: gateway: needs mj.bot_token, which is not set
Mj\ConfigurationException: gateway: needs mj.user_token, which is not set
Mj\ConfigurationException: guild_id: must be a Discord id%s
