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
        if ($check["name"] === "database.secret") { echo $check["status"], ": ", $check["seen"], "\\n"; }
    }
}';

foreach (['', 'c0ffee5a4296d07eb3f1c8d07e5a4296', 'b3f1c8d07e5a4296b3f1c8d07e5a4296'] as $secret) {
    echo shell_exec(php("$settings -d mj.secret=$secret -r " . escapeshellarg($code)));
}
?>
--EXPECT--
failed: what is secret in it is encrypted, and mj.secret is not set here
failed: 其中的机密已加密，而此处未设置 mj.secret
failed: what is secret in it is encrypted with another secret than mj.secret here
failed: 其中的机密所用的密钥与此处的 mj.secret 不同
ok: encrypted with mj.secret
ok: 已用 mj.secret 加密
