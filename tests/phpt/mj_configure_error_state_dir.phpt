--TEST--
A state directory that cannot be used is named
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
thrown(fn () => mj_configure(['state_dir' => 'relative/place'] + hub()));
thrown(function () {
    mj_configure(['state_dir' => '/proc/mj-cannot-be-made'] + hub());
    mj_imagine('a cat');
});
thrown(function () {
    mj_configure(['state_dir' => __FILE__] + hub());
    mj_imagine('a cat');
});
?>
--EXPECTF--
Mj\ConfigurationException: state_dir: must be an absolute path
Mj\%rStorage|Configuration%rException: %S/proc/mj-cannot-be-made%S
Mj\%rStorage|Configuration%rException: %S%emj_configure_error_state_dir.php%S
