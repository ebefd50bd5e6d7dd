--TEST--
Whatever is given, an exception comes of it, soon and without what is secret
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
require __DIR__ . '/picture.inc';
mj_configure(hub());
/** As thrown(), with the first words of the message. */
function refused(callable $body): void
{
    try {
        $body();
        echo "taken\n";
    } catch (Throwable $e) {
        echo $e::class, ': ', substr($e->getMessage(), 0, 100), "\n";
    }
}
// A few small arrays, each ten times in the next one: 10 to the power of 15 elements.
$wide = ['x'];
for ($i = 0; $i < 14; $i++) {
    $wide = array_fill(0, 10, $wide);
}
refused(fn () => mj_imagine('a cat', ['images' => $wide]));
refused(fn () => mj_configure(['accounts' => $wide]));
refused(fn () => mj_blend($wide));
refused(fn () => mj_command('prefer', $wide));
refused(fn () => mj_poll_many([$wide]));
$many = array_fill(0, 1_000_000, data_uri(png()));
refused(fn () => mj_blend($many));
refused(fn () => mj_imagine('a cat', ['images' => $many]));
refused(fn () => mj_imagine('a cat', ['sref' => array_fill(0, 60_000, data_uri(png()))]));
unset($many);
refused(fn () => mj_imagine(str_repeat('é', 5 << 20)));
refused(fn () => mj_shorten(str_repeat("\u{202e}", 1 << 20)));
refused(fn () => mj_describe(str_repeat('a', 10 << 20)));
foreach (["\0", "/etc/passwd\0.png", "file:///etc/passwd\0.png", "http://example.com/\0", "a\xff.png", "data:\0,", 'phar://a.phar/b.png', 'php://stdin'] as $name) {
    refused(fn () => mj_describe($name));
}
refused(fn () => mj_describe('data:a secret of mine;base64,' . base64_encode(png())));
refused(fn () => mj_command("info\0", []));
refused(fn () => mj_show("\xff\xfe"));
refused(fn () => mj_action('x', "U1\xff"));
refused(fn () => mj_events(new ArrayObject()));
refused(fn () => mj_blend((object) []));
refused(fn () => mj_ack('a', PHP_INT_MIN));
refused(fn () => mj_events('a', PHP_INT_MAX));
refused(fn () => mj_describe(new class {
    public function __toString(): string
    {
        throw new LogicException('from within');
    }
}));
$reference = 'a cat';
$options = ['mode' => &$reference];
refused(fn () => mj_imagine($reference, $options));
var_dump($reference, kept(), count(mj_tasks()['tasks']));
?>
--EXPECTF--
ValueError: mj_imagine(): Argument #2 ($options) element "images.0.0.%s
ValueError: mj_configure(): Argument #1 ($config) element "accounts.0.0.%s
ValueError: mj_blend(): Argument #1 ($images) element "0.0.%s
ValueError: mj_command(): Argument #2 ($arguments) element "0.0.%s
ValueError: mj_poll_many(): Argument #1 ($taskIds) element "0"%s
ValueError: mj_blend(): Argument #1 ($images) must not have more than 65536 elements
ValueError: mj_imagine(): Argument #2 ($options) element "images" must not have more than 65536 elements
ValueError: mj_imagine(): Argument #1 ($prompt): the prompt has %d characters, Discord allows 0: %s
ValueError: mj_imagine(): Argument #1 ($prompt): the prompt has 5242880 characters, %s
ValueError: mj_shorten(): Argument #1 ($prompt): the prompt has 1048576 characters, %s
ValueError: mj_describe(): Argument #1 ($image): the file cannot be read: %s
ValueError: mj_describe(): Argument #1 ($image) must not have a NUL byte
ValueError: mj_describe(): Argument #1 ($image) must not have a NUL byte
ValueError: mj_describe(): Argument #1 ($image) must not have a NUL byte
ValueError: mj_describe(): Argument #1 ($image) must not have a NUL byte
ValueError: mj_describe(): Argument #1 ($image): is not valid UTF-8
ValueError: mj_describe(): Argument #1 ($image) must not have a NUL byte
ValueError: mj_describe(): Argument #1 ($image) must be an http or https address, %s
ValueError: mj_describe(): Argument #1 ($image) must be an http or https address, %s
ValueError: mj_describe(): Argument #1 ($image): is no data: address of the form %s
ValueError: mj_command(): Argument #1 ($name): no such command; known are %s
ValueError: mj_show(): Argument #1 ($jobId) must be a job's uuid %s
ValueError: mj_action(): Argument #2 ($action) must be valid UTF-8
TypeError: mj_events(): Argument #1 ($consumer) must be of type string, ArrayObject given
TypeError: mj_blend(): Argument #1 ($images) must be of type array, stdClass given
ValueError: mj_ack(): Argument #2 ($cursor) must be greater than or equal to 0
ValueError: mj_events(): Argument #2 ($limit) must be from 1 to 1000
LogicException: from within
ValueError: mj_imagine(): Argument #2 ($options) element "mode" must be fast, relax or turbo
string(5) "a cat"
int(0)
int(0)
