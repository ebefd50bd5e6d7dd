--TEST--
The doctor tells the same as an array, as JSON and as text
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
$options = ['network' => false, 'only' => ['state_dir.mode', 'owner', 'webhooks'], 'config' => hub()];
mj_configure(hub());
$report = mj_doctor($options);
var_dump($report['ok'], array_sum($report['counts']) === count($report['checks']));
echo implode(' ', array_column($report['checks'], 'name')), "\n";
var_dump(json_decode(mj_doctor(['format' => 'json'] + $options), true) === $report);
echo mj_doctor(['format' => 'text'] + $options);
echo mj_doctor(['format' => 'text', 'lang' => 'zh'] + $options);
?>
--EXPECTF--
bool(false)
bool(true)
state_dir.mode owner.role owner.alive owner.configuration owner.gateway owner.network owner.identifies webhooks
bool(true)
mj %s, PHP %s (cli), %sZ

ok       Directory: mode  700
FAILED   Owner: allowed   mj.role = never, and no other process owns the hub: nothing is ever sent
         -> %s
skipped  Owner: alive     not looked at: first see to "Owner: allowed" (owner.role)
skipped  Owner: settings  not looked at: first see to "Owner: allowed" (owner.role)
skipped  Owner: gateways  not looked at: first see to "Owner: allowed" (owner.role)
skipped  Owner: network   not looked at: first see to "Owner: allowed" (owner.role)
ok       Owner: logins    user: 0, bot: 0 of 1000 a day
ok       Webhooks         0 are under way

Something is wrong: begin with the first FAILED (3 ok, 1 FAILED, 4 skipped).
mj %s，PHP %s（cli），%sZ

正常  状态目录：权限    700
失败  所有者：角色      mj.role = never，且没有其他进程担任所有者：任务永远不会发送
      -> %s
跳过  所有者：进程      未检查：请先处理“所有者：角色”（owner.role）
跳过  所有者：配置      未检查：请先处理“所有者：角色”（owner.role）
跳过  所有者：网关      未检查：请先处理“所有者：角色”（owner.role）
跳过  所有者：网络      未检查：请先处理“所有者：角色”（owner.role）
正常  所有者：当日登录  user：0、bot：0，每日上限 1000
正常  回调通知          0 个发送中

存在问题：请从第一个“失败”项开始处理（3 正常，1 失败，4 跳过）。
