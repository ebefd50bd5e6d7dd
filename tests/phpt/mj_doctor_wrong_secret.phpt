--TEST--
The doctor tells that mj.secret is missing or another one
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
mj_configure(hub(['secret' => 'b3f1c8d07e5a4296b3f1c8d07e5a4296']));
$settings = '-d mj.bot_token=BOT-TOKEN-OF-A-TEST -d mj.user_token=USER-TOKEN-OF-A-TEST -d mj.guild_id=100000000000000001'
    . ' -d mj.channel_id=100000000000000002 -d mj.state_dir=' . state_dir();
$code = 'foreach (["en", "zh"] as $lang) {
    foreach (mj_doctor(["network" => false, "lang" => $lang])["checks"] as $check) {
        if ($check["name"] === "database.open") { echo $check["status"], ": ", $check["seen"], "\\n"; }
    }
}';

foreach (['', 'c0ffee5a4296d07eb3f1c8d07e5a4296', 'b3f1c8d07e5a4296b3f1c8d07e5a4296'] as $secret) {
    echo shell_exec(php("$settings -d mj.secret=$secret -r " . escapeshellarg($code)));
}
?>
--EXPECTF--
failed: what it holds of this hub is encrypted, and no mj.secret is set for this PHP
failed: 其中该 hub 的内容已加密，而该 PHP 没有设置 mj.secret
failed: what it holds of this hub is encrypted with another secret than mj.secret
failed: 其中该 hub 的内容是用另一个密钥加密的，与 mj.secret 不同
ok: it opens, %d kB
ok: 可打开，%d kB
