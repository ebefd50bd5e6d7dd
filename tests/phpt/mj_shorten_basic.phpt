--TEST--
A prompt to shorten is a task; a hub with a bot only refuses it
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
mj_configure(hub());
$id = mj_shorten('a very long story of a cat', ['idempotency_key' => 'one']);
var_dump($id === mj_shorten('a very long story of a cat', ['idempotency_key' => 'one']));
var_dump(mj_poll($id)['action'], mj_poll($id)['prompt']);
thrown(fn () => mj_shorten(' '));
thrown(fn () => mj_shorten(str_repeat('a', 6001)));
foreach (['bot', 'off'] as $gateway) {
    mj_configure(hub(['gateway' => $gateway]));
    try {
        mj_shorten('a cat');
    } catch (Mj\ActionUnavailableException $e) {
        echo $e->reason, ': ', $e->getMessage(), "\n";
    }
}
?>
--EXPECT--
bool(true)
string(7) "SHORTEN"
string(26) "a very long story of a cat"
ValueError: mj_shorten(): Argument #1 ($prompt): the prompt is empty: give a text, an image or both
ValueError: mj_shorten(): Argument #1 ($prompt): the prompt has 6001 characters, Discord allows 6000: shorten it by 1
NEEDS_USER_GATEWAY: "shorten" answers in a message that only a user's session sees: set mj.user_token, and mj.gateway to user or both
NEEDS_USER_GATEWAY: "shorten" answers in a message that only a user's session sees: set mj.user_token, and mj.gateway to user or both
