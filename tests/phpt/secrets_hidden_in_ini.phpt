--TEST--
ini_get and ini_get_all do not give secrets away
--EXTENSIONS--
mj
--INI--
mj.bot_token=HIDDEN-BOT
mj.archive_secret=HIDDEN-ARCHIVE
mj.archive_key=HIDDEN-KEY
mj.notify_secret=HIDDEN-SIGNATURE
mj.archive_endpoint=https://user:HIDDEN@storage.example.com
mj.notify_url=https://example.com/hook/HIDDEN
mj.upload_url=https://user:HIDDEN@example.com
mj.proxy=socks5h://127.0.0.1:91
--FILE--
<?php
var_dump(ini_get('mj.bot_token'), ini_get('mj.notify_url'), ini_get('mj.proxy'));
var_dump(str_contains(print_r(ini_get_all('mj'), true), 'HIDDEN'));
var_dump(ini_set('mj.bot_token', 'OTHER'), ini_set('mj.cdn_url', 'https://example.com'));
foreach (ini_get_all('mj') as $name => $entry) {
    if ($entry['access'] !== INI_SYSTEM) {
        echo "$name can be changed by scripts\n";
    }
}
ini_restore('mj.bot_token');
echo count(ini_get_all('mj')), " entries\n";
?>
--EXPECT--
string(0) ""
string(0) ""
string(22) "socks5h://127.0.0.1:91"
bool(false)
bool(false)
bool(false)
47 entries
