--TEST--
A way to resume without a place for the host is named by its own setting
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
thrown(fn () => mj_configure(['gateway_resume_url' => 'wss://gw.example.cn'] + hub()));
?>
--EXPECT--
Mj\ConfigurationException: gateway_resume_url: must contain {host} once, as in wss://gateway.example.com/{host}
