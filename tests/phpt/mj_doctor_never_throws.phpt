--TEST--
What the doctor is there to find is never an exception
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
$broken = [
    'mj.gateway_url=https://gateway.example',
    'mj.user_token=Bot',
    'mj.concurrency=none',
    'mj.state_dir=relative',
    'mj.state_dir=/proc/none/at/all',
    'mj.store=redis://127.0.0.1',
    'mj.log=/nonexistent/mj.log',
    'mj.lang=zz',
    'mj.ca_file=/etc/passwd',
    'disable_functions=mj_imagine,php_ini_loaded_file',
];
foreach ($broken as $setting) {
    $code = '$r = mj_doctor(["network" => false]); echo json_encode($r["ok"]), " ", array_column($r["checks"], "name")[0], "\n";';
    echo $setting, ': ', shell_exec(php('-d mj.state_dir=' . state_dir() . ' -d ' . escapeshellarg($setting) . ' -r ' . escapeshellarg($code)));
}
?>
--EXPECTF--
mj.gateway_url=https://gateway.example: false php.version
mj.user_token=Bot: false php.version
mj.concurrency=none: false php.version
mj.state_dir=relative: false php.version
mj.state_dir=/proc/none/at/all: false php.version
mj.store=redis://127.0.0.1: false php.version
mj.log=/nonexistent/mj.log: false php.version
mj.lang=zz: false php.version
mj.ca_file=/etc/passwd: false php.version
disable_functions=mj_imagine,php_ini_loaded_file: false php.version
