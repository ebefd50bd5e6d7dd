--TEST--
Commands are tasks; a hub with a bot only refuses them
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
mj_configure(hub());
foreach (['info', 'settings', 'fast', 'relax', 'turbo', 'public', 'private', 'stealth', 'prefer remix'] as $name) {
    $task = mj_poll(mj_command($name));
    echo $task['action'], ' ', $task['prompt'], "\n";
}
echo mj_poll(mj_command('prefer', ['remix'], ['bot' => 'niji']))['prompt'], "\n";
mj_configure(hub(['gateway' => 'bot']));
try {
    mj_command('fast');
} catch (Mj\ActionUnavailableException $e) {
    echo $e->reason, ': ', $e->getMessage(), "\n";
}
?>
--EXPECT--
COMMAND /info
COMMAND /settings
COMMAND /fast
COMMAND /relax
COMMAND /turbo
COMMAND /public
COMMAND /private
COMMAND /stealth
COMMAND /prefer remix
/prefer remix
NEEDS_USER_GATEWAY: "fast" answers in a message that only a user's session sees: set mj.user_token, and mj.gateway to user or both
