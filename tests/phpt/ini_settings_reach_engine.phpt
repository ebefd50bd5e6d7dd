--TEST--
Settings in php.ini are the hub, secrets included
--EXTENSIONS--
mj
--INI--
mj.state_dir={TMP}/mj-phpt-ini
mj.role=never
mj.bot_token=BOT-TOKEN-OF-A-TEST
mj.user_token=USER-TOKEN-OF-A-TEST
mj.guild_id=100000000000000001
mj.channel_id=100000000000000002
mj.cdn_url=https://images.example.com
mj.shutdown_grace=0
--FILE--
<?php
require __DIR__ . '/hub.inc';
var_dump(mj_image_url('https://cdn.discordapp.com/attachments/1/2/a.png'));
$id = mj_imagine('a cat');
var_dump(preg_match('/^[0-9A-Z]{26}$/', $id), mj_poll($id)['status']);
?>
--CLEAN--
<?php
$directory = sys_get_temp_dir() . '/mj-phpt-ini';
array_map('unlink', array_filter(glob("$directory/{,.}*", GLOB_BRACE), 'is_file'));
@rmdir($directory);
?>
--EXPECT--
string(48) "https://images.example.com/attachments/1/2/a.png"
int(1)
string(9) "NOT_START"
