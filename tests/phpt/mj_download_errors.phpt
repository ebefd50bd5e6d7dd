--TEST--
A download says what it lacks
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
mj_configure(hub());
$id = mj_imagine('a cat');
thrown(fn () => mj_download($id, sys_get_temp_dir()));
thrown(fn () => mj_download('00000000000000000000000000', sys_get_temp_dir()));
thrown(fn () => mj_download($id, "/tmp/\xff"));
thrown(fn () => mj_download($id, ''));
thrown(fn () => mj_download($id, sys_get_temp_dir(), ['colour' => 'red']));
thrown(fn () => mj_download($id, sys_get_temp_dir(), ['preview' => 'yes']));
thrown(fn () => mj_download($id, sys_get_temp_dir(), ['preview' => true, 'cells' => [1]]));
thrown(fn () => mj_download($id, '/nope', ['preview' => true]));
echo json_encode(mj_download($id, sys_get_temp_dir(), ['preview' => true])), "\n";
?>
--EXPECTF--
%rValueError|Mj\\EngineException%r: %s
ValueError: mj_download(): Argument #1 ($taskId)%s
ValueError: mj_download(): Argument #2 ($directory) must be valid UTF-8
ValueError: mj_download(): Argument #2 ($directory)%sis empty%s
ValueError: mj_download(): Argument #3 ($options)%scolour%s
TypeError: mj_download(): Argument #3 ($options) element "preview" must be of type bool, string given
ValueError: mj_download(): Argument #3 ($options) element "cells": cuts finished grids only: leave out options.preview
ValueError: mj_download(): Argument #2 ($directory): is not an existing directory
[]
