--TEST--
The list comes newest first, in parts
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
mj_configure(hub());
foreach (['a cat', 'a dog', 'a bird'] as $prompt) {
    mj_imagine($prompt, ['state' => $prompt === 'a dog' ? 'dog' : 'other']);
}
$page = mj_tasks([], 2);
echo implode(', ', array_column($page['tasks'], 'prompt')), "\n";
$page = mj_tasks([], 2, $page['cursor']);
echo implode(', ', array_column($page['tasks'], 'prompt')), "\n";
var_dump($page['cursor']);
echo implode(', ', array_column(mj_tasks(['state' => 'dog'])['tasks'], 'prompt')), "\n";
thrown(fn () => mj_tasks(['colour' => 'red']));
thrown(fn () => mj_tasks([], 0));
thrown(fn () => mj_tasks([], 5, 'nowhere'));
?>
--EXPECTF--
a bird, a dog
a cat
NULL
a dog
ValueError: mj_tasks(): Argument #1 ($filter)%scolour%s
ValueError: mj_tasks(): Argument #2 ($limit) %s
ValueError: mj_tasks(): Argument #3 ($cursor)%s
