<?php

/** Copy to `config/mj.php`. */

declare(strict_types=1);

return [
    // What `mj_configure()` takes, over php.ini: user_token, guild_id, channel_id, … Empty: php.ini has it all.
    'config' => [],

    // Who reads the feed of changes in `php think mj:sync`. Another name begins at its beginning.
    'consumer' => 'thinkphp',
];
