// Lets a real PHP 8.0 parse every file of php/, load every class, and run the client's contract on the fake.
// Usage: node check.mjs <root of the project>

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getPHPLoaderModule } from '@php-wasm/node-8-0';
import { PHP, loadPHPRuntime } from '@php-wasm/universal';

const root = process.argv[2];
const php = new PHP(await loadPHPRuntime(await getPHPLoaderModule()));

function copy(folder) {
  php.mkdirTree(`/mj/${folder}`);
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory() && entry.name !== 'vendor') {
      copy(path);
    } else if (entry.name.endsWith('.php')) {
      php.writeFile(`/mj/${path}`, readFileSync(join(root, path)));
    }
  }
}

// The classes of php/src/Console are Symfony's children; Debian's Symfony is for PHP 8.0 as well.
function copySymfony(folder) {
  php.mkdirTree(`/mj/${folder}`);
  for (const entry of readdirSync(join('/usr/share/php', folder), { withFileTypes: true })) {
    if (entry.isDirectory()) {
      copySymfony(`${folder}/${entry.name}`);
    } else if (entry.name.endsWith('.php')) {
      php.writeFile(`/mj/${folder}/${entry.name}`, readFileSync(join('/usr/share/php', folder, entry.name)));
    }
  }
}

for (const folder of ['Symfony/Component/Console', 'Symfony/Contracts/Service']) {
  if (existsSync(join('/usr/share/php', folder))) {
    copySymfony(folder);
  }
}

copy('php');
copy('tests/phpunit/Client');
copy('tests/thinkphp');
php.mkdirTree('/mj/tests/lint_php/php80');
php.writeFile('/mj/tests/lint_php/php80/check.php', readFileSync(new URL('check.php', import.meta.url)));

const answer = await php
  .run({ code: "<?php require '/mj/tests/lint_php/php80/check.php';" })
  .catch((error) => error.response ?? { text: `${error}\n`, exitCode: 1 });
process.stdout.write(answer.text);
process.exit(answer.exitCode === 0 && answer.text.endsWith('ok\n') ? 0 : 1);
