--TEST--
Unknown commands and arguments are refused by name
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
mj_configure(hub());
thrown(fn () => mj_command('sing'));
thrown(fn () => mj_command(''));
thrown(fn () => mj_command('prefer', ['suffix']));
thrown(fn () => mj_command('imagine', ['a cat']));
thrown(fn () => mj_command('settings', ['v7']));
thrown(fn () => mj_command('fast', ['now']));
thrown(fn () => mj_command('prefer', [7]));
thrown(fn () => mj_command('info', [], ['upload' => true]));
var_dump(mj_tasks()['tasks']);
?>
--EXPECT--
ValueError: mj_command(): Argument #1 ($name): no such command; known are fast, info, prefer remix, private, public, relax, settings, stealth, turbo
ValueError: mj_command(): Argument #1 ($name): no such command; known are fast, info, prefer remix, private, public, relax, settings, stealth, turbo
ValueError: mj_command(): Argument #1 ($name): no such command; known are fast, info, prefer remix, private, public, relax, settings, stealth, turbo
ValueError: mj_command(): Argument #1 ($name): "imagine" has a function of its own: call mj_imagine()
ValueError: mj_command(): Argument #2 ($arguments) must be empty, "settings" takes none: change a setting with mj_action() and a button of the settings task
ValueError: mj_command(): Argument #2 ($arguments) must be empty, "fast" takes none
TypeError: mj_command(): Argument #2 ($arguments) must be of type string, int given
ValueError: mj_command(): Argument #3 ($options) element "upload": no such option; known are account, idempotency_key, mode, notify_url, priority, state, timeout, user_token, bot
array(0) {
}
