--TEST--
Unknown settings are refused by name
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
thrown(fn () => mj_configure(['bot_tokken' => 'A'] + hub()));
thrown(fn () => mj_configure(['concurrency' => 99] + hub()));
thrown(fn () => mj_configure(['accounts' => 'main'] + hub()));
thrown(fn () => mj_configure(['queue_size' => new stdClass()] + hub()));
?>
--EXPECTF--
Mj\ConfigurationException: bot_tokken: no such setting%s
Mj\ConfigurationException: concurrency: must be a whole number from 1 to 15
Mj\ConfigurationException: accounts%s
TypeError: mj_configure(): Argument #1 ($config) element "queue_size" must be of type %s, object given
