<?php

/** `config/plugin/mj/client/app.php`. Tokens belong in `.env`. */

declare(strict_types=1);

return [
    'enable' => true,

    // What `mj_configure()` takes, over php.ini; docs/configuration.md has it all. What is null or empty, php.ini decides.
    'config' => [
        'user_token' => getenv('MJ_USER_TOKEN') ?: null,
        'bot_token' => getenv('MJ_BOT_TOKEN') ?: null,
        'guild_id' => getenv('MJ_GUILD_ID') ?: null,
        'channel_id' => getenv('MJ_CHANNEL_ID') ?: null,
        'state_dir' => getenv('MJ_STATE_DIR') ?: null,
        'secret' => getenv('MJ_SECRET') ?: null,
        'proxy' => getenv('MJ_PROXY') ?: null,
        'cdn_url' => getenv('MJ_CDN_URL') ?: null,
        'api_url' => getenv('MJ_API_URL') ?: null,
        'gateway_url' => getenv('MJ_GATEWAY_URL') ?: null,
        'gateway_resume_url' => getenv('MJ_GATEWAY_RESUME_URL') ?: null,
        'upload_url' => getenv('MJ_UPLOAD_URL') ?: null,
        'activity_url' => getenv('MJ_ACTIVITY_URL') ?: null,
    ],

    // Who reads the feed of changes, in the process `hub` and in `php webman mj:sync`. Another name begins at its beginning.
    'consumer' => 'webman',

    // Whether listeners are told of a change, too, by the process that sees it: where neither `hub` nor `mj:sync` runs.
    'tell_at_once' => false,

    // A channel of config/log.php.
    'log_channel' => 'default',
];
