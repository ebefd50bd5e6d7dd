<?php

/**
 * Holds what the README says to what the tree has: each feature that is said to be there names tests that exist, every
 * setting of the engine is in the table of settings and no other, and both languages say the same.
 *
 * Usage: php -n tests/readme_check.php
 *
 * A test is named `Class::method` (PHPUnit, in any folder of tests), `name.phpt`, or `path/of/file.rs::function` below `src` or `tests`.
 */

declare(strict_types=1);

const ROOT = __DIR__ . '/..';
const READMES = ['README.md', 'README.zh-CN.md'];
/** What a cell about a feature may say: there, in part, not there, not found out, does not apply. */
const VERDICTS = ['✓', '◐', '–', '?', '·'];
/** Projects that are compared, ours included. */
const PROJECTS = 7;
/** Settings that are for a later version, or another name of one: in the stub only. */
const UNLISTED = ['accounts', 'store'];

/** @return list<list<string>> the cells of the table rows that follow the line beginning with $head */
function rows(string $text, string $head): array
{
    $start = strpos($text, "\n$head");
    if ($start === false) {
        return [];
    }
    $rows = [];
    foreach (array_slice(explode("\n", substr($text, $start + 1)), 2) as $line) {
        if (!str_starts_with($line, '|')) {
            break;
        }
        $rows[] = array_map('trim', explode('|', trim($line, '| ')));
    }

    return $rows;
}

/** Whether the tree has a test of that name. */
function exists(string $test): bool
{
    if (preg_match('/^\w+\.phpt$/', $test) === 1) {
        return is_file(ROOT . "/tests/phpt/$test");
    }
    [$place, $name] = explode('::', $test) + [1 => ''];
    if (preg_match('/^[\w\/.]+\.rs$/', $place) === 1) {
        $files = [ROOT . "/src/$place", ROOT . "/tests/$place"];
        $pattern = '/#\[(tokio::)?test\b[^\]]*\]\s*(#\[[^\]]*\]\s*)*(async )?fn ' . preg_quote($name, '/') . '\(/';
    } else {
        $files = glob(ROOT . "/tests/*/$place.php") ?: [];
        $pattern = '/public function ' . preg_quote($name, '/') . '\(/';
    }
    foreach (array_filter($files, 'is_file') as $file) {
        if ($name !== '' && preg_match($pattern, file_get_contents($file)) === 1) {
            return true;
        }
    }

    return false;
}

/** @return list<string> what stands in backticks */
function quoted(string $cell): array
{
    preg_match_all('/`([^`]+)`/', $cell, $found);

    return $found[1];
}

$faults = [];
$features = $settings = [];
foreach (READMES as $readme) {
    $text = file_get_contents(ROOT . "/$readme");
    foreach (rows($text, '| | mj |') as $row) {
        [$feature, $ours] = $row;
        $verdicts = array_slice($row, 1, PROJECTS);
        $tests = quoted($row[PROJECTS + 1] ?? '');
        if (count($row) < PROJECTS + 1 || array_diff($verdicts, VERDICTS) !== []) {
            $faults[] = "$readme: \"$feature\" needs " . PROJECTS . ' of ' . implode(' ', VERDICTS);
        }
        if ($ours !== '–' && $tests === []) {
            $faults[] = "$readme: \"$feature\" names no test";
        }
        foreach ($tests as $test) {
            if (!exists($test)) {
                $faults[] = "$readme: \"$feature\" names $test, which is no test";
            }
        }
        $features[$readme][] = [$verdicts, $tests];
    }
    foreach (array_merge([], ...rows($text, $readme === 'README.md' ? '| setting |' : '| 设置 |')) as $cell) {
        foreach (quoted($cell) as $name) {
            if (preg_match('/^mj\.(\w+)$/', $name, $found) === 1) {
                $settings[$readme][$found[1]] = true;
            }
        }
    }
    if (($features[$readme] ?? []) === []) {
        $faults[] = "$readme: has no table of features";
    }
}
if ($features['README.md'] !== $features['README.zh-CN.md']) {
    $faults[] = 'the tables of features differ between ' . implode(' and ', READMES);
}

preg_match('/const KEYS: &\[&str\] = &\[(.*?)\];/s', file_get_contents(ROOT . '/src/engine/config/raw.rs'), $found);
preg_match_all('/"(\w+)"/', $found[1], $keys);
preg_match_all('/^ \* @ini mj\.(\w+)/m', file_get_contents(ROOT . '/stubs/mj.stub.php'), $documented);
foreach (READMES as $readme) {
    $listed = array_keys($settings[$readme] ?? []);
    foreach (array_diff($keys[1], UNLISTED, $listed) as $key) {
        $faults[] = "$readme: the table of settings lacks mj.$key";
    }
    foreach (array_diff($listed, $documented[1]) as $key) {
        $faults[] = "$readme: mj.$key is no setting";
    }
}

foreach ($faults as $fault) {
    fwrite(STDERR, "readme: $fault\n");
}
exit($faults === [] ? 0 : 1);
