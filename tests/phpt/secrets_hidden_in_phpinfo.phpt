--TEST--
phpinfo shows that a secret is set, never the secret
--EXTENSIONS--
mj
--INI--
mj.bot_token=HIDDEN-BOT
mj.user_token=HIDDEN-USER
mj.secret=HIDDEN-KEY
mj.session_id=HIDDEN-SESSION
mj.proxy=http://user:hidden-password@127.0.0.1:9
mj.cdn_url=https://images.example.com
pcre.jit=0
--FILE--
<?php
ob_start();
phpinfo(INFO_MODULES | INFO_CONFIGURATION);
$info = ob_get_clean();
foreach (['HIDDEN-BOT', 'HIDDEN-USER', 'HIDDEN-KEY', 'HIDDEN-SESSION', 'hidden-password'] as $secret) {
    var_dump(str_contains($info, $secret));
}
preg_match_all('/^mj\.(bot_token|user_token|proxy|cdn_url|secret|guild_id) => .*$/m', $info, $lines);
echo implode("\n", $lines[0]), "\n";
?>
--EXPECT--
bool(false)
bool(false)
bool(false)
bool(false)
bool(false)
mj.bot_token => set, hidden => set, hidden
mj.cdn_url => https://images.example.com => https://images.example.com
mj.guild_id => no value => no value
mj.proxy => set, hidden => set, hidden
mj.secret => set, hidden => set, hidden
mj.user_token => set, hidden => set, hidden
