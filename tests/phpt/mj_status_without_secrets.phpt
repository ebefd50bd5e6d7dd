--TEST--
The status names no secret
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
mj_configure(hub());
mj_imagine('a secret prompt');
$status = mj_status();
echo implode(' ', array_keys($status)), "\n";
echo json_encode([$status['owner'], $status['gateway'], $status['counters'], $status['queue']['NOT_START']]), "\n";
echo json_encode([array_column($status['hubs'], 'id') === [$status['hub']], $status['accounts'][0]['name']]), "\n";
$shown = print_r($status, true);
var_dump(str_contains($shown, 'TOKEN-OF-A-TEST'), str_contains($shown, 'secret prompt'));
foreach (['user_token', 'guild_id', 'max_wait'] as $name) {
    echo json_encode($status['configuration'][$name]), "\n";
}
?>
--EXPECT--
version state_dir pid sapi grade has_engine configuration hub owner gateway log network queue accounts webhooks counters hubs incidents
[null,null,null,1]
[true,"main"]
bool(false)
bool(false)
{"value":"set, hidden","source":"configure","name":"user_token"}
{"value":"100000000000000001","source":"configure","name":"guild_id"}
{"value":"25","source":"default","name":"mj.max_wait"}
