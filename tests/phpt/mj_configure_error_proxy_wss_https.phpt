--TEST--
proxy_wss must not start with https
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
thrown(fn () => mj_configure(['proxy_wss' => 'https://gateway.example.com'] + array_diff_key(hub(), ['gateway_url' => 1])));
thrown(fn () => mj_configure(['gateway_url' => 'gateway.example.com'] + hub()));
thrown(fn () => mj_configure(['proxy_wss' => 'wss://gateway.example.com'] + array_diff_key(hub(), ['gateway_url' => 1])));
?>
--EXPECT--
Mj\ConfigurationException: proxy_wss: must start with wss:// or ws://, not with https://
Mj\ConfigurationException: gateway_url: must be an address that starts with wss:// or ws://
NULL
