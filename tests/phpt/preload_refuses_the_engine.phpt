--TEST--
While opcache.preload runs, calls are refused; afterwards they work
--EXTENSIONS--
mj
--SKIPIF--
<?php if (!getenv('MJ_EXTENSION')) die('skip needs MJ_EXTENSION'); if (!str_contains((string) shell_exec(escapeshellarg(PHP_BINARY) . ' -n -d zend_extension=opcache -v 2>&1'), 'with Zend OPcache')) die('skip needs opcache'); ?>
--FILE--
<?php
require __DIR__ . '/hub.inc';
// From PHP 8.5 on it is a part of PHP.
$opcache = extension_loaded('Zend OPcache') ? '' : '-d zend_extension=opcache';
$preload = __DIR__ . '/preload.inc';
$directory = escapeshellarg(state_dir());
// Demanded from root only.
$user = trim(shell_exec('id -un'));
echo shell_exec(php("$opcache -d opcache.enable_cli=1 -d opcache.preload=$preload -d opcache.preload_user=$user"
    . " -d mj.state_dir=$directory -d mj.role=never -r " . escapeshellarg('preloaded();')));
?>
--EXPECTF--
preload: Mj\EngineException: %s
after: NULL
