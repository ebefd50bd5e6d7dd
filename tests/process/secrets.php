<?php

// What the test of secrets runs: says all that PHP can be made to say of the extension. Every secret that is used here
// comes from a file, so that it is in no argument and no variable of the environment.

declare(strict_types=1);

$data = json_decode((string) file_get_contents(__DIR__ . '/data.json'), true, 16, JSON_THROW_ON_ERROR);

/** Says a value in every way. */
function say(mixed $value): void
{
    var_dump($value);
    print_r($value);
    var_export($value);
    echo json_encode($value, JSON_PARTIAL_OUTPUT_ON_ERROR), serialize($value), "\n";
}

/** Says what is thrown, with the arguments of every function of the extension where PHP can hide the secret ones. */
function told(callable $body): void
{
    try {
        say($body());
    } catch (Throwable $thrown) {
        echo get_class($thrown), "\n", $thrown, "\n";
        if (PHP_VERSION_ID >= 80200) {
            print_r(array_filter($thrown->getTrace(), static fn (array $frame) => str_starts_with($frame['function'], 'mj_')));
        }
    }
}

/** Says only the message: the argument is no secret to PHP. */
function said(callable $body): void
{
    try {
        $body();
    } catch (Throwable $thrown) {
        echo get_class($thrown), ': ', $thrown->getMessage(), "\n";
    }
}

phpinfo();
print_r(ini_get_all());
foreach (array_keys(ini_get_all('mj')) as $name) {
    say(ini_get($name));
}
echo new ReflectionExtension('mj');
print_r(getenv());

told(static fn () => mj_configure($data['config']));
$token = $data['option'];
$ids = [
    mj_imagine('a red fox', ['user_token' => $token, 'notify_url' => $data['hook']]),
    mj_imagine('a blue fox'),
    mj_imagine('a green fox', ['user_token' => $data['wrong']]),
];
foreach ($ids as $id) {
    say(mj_wait($id, 60.0));
}
say(mj_tasks());
say(mj_events('grep'));
say(mj_poll_many($ids));
told(static fn () => mj_status());
foreach (['mj_metrics', 'mj_doctor'] as $function) {
    if (function_exists($function)) {
        told($function);
    }
}
if (function_exists('mj_doctor')) {
    told(static fn () => mj_doctor(['format' => 'text', 'lang' => 'zh']));
}

// Every way to be refused with a secret in hand.
told(static fn () => mj_imagine('', ['user_token' => $token]));
told(static fn () => mj_imagine('a fox', ['user_token' => "$token with more"]));
told(static fn () => mj_imagine('a fox', ['user_token' => "Bot $token"]));
told(static fn () => mj_imagine('a fox', ['user_token' => [$token]]));
told(static fn () => mj_imagine('a fox', ['user_token' => $token, 'notify_url' => 'ftp://' . $data['wrong']]));
told(static fn () => mj_action($ids[1], 'no such button', ['user_token' => $token]));
said(static fn () => mj_describe('http://127.0.0.1/a.png?signature=' . $data['wrong'], ['user_token' => $token]));
said(static fn () => mj_blend(['http://u:' . $data['wrong'] . '@example.org/a.png', '/none'], ['user_token' => $token]));
told(static fn () => mj_command('no such', [], ['user_token' => $token]));
told(static fn () => mj_download($ids[1], '/nowhere/at/all', ['user_token' => $token]));
foreach ($data['keys'] as $key) {
    foreach ([[$data['wrong']], $data['wrong'] . ' and more', "\xff" . $data['wrong'], 1.5] as $value) {
        told(static fn () => mj_configure([$key => $value] + $data['config']));
    }
}
foreach ($data['refused'] as $config) {
    told(static fn () => mj_configure($config));
}
told(static fn () => mj_imagine('a fox', 'no array, but ' . $token));
// Not caught: PHP's own log and standard error have it.
mj_imagine("\xff", ['user_token' => $token, 'no such option' => $token]);
