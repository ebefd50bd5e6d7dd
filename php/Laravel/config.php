<?php

/** `php artisan vendor:publish --tag=mj-config` copies it to `config/mj.php`. Tokens belong in `.env`. */

declare(strict_types=1);

return [
    // What `mj_configure()` takes, over php.ini; docs/configuration.md has it all. What is null or empty, php.ini decides.
    'config' => [
        'user_token' => env('MJ_USER_TOKEN'),
        'bot_token' => env('MJ_BOT_TOKEN'),
        'guild_id' => env('MJ_GUILD_ID'),
        'channel_id' => env('MJ_CHANNEL_ID'),
        'state_dir' => env('MJ_STATE_DIR'),
        'secret' => env('MJ_SECRET'),
        'proxy' => env('MJ_PROXY'),
        'cdn_url' => env('MJ_CDN_URL'),
        'api_url' => env('MJ_API_URL'),
        'gateway_url' => env('MJ_GATEWAY_URL'),
        'gateway_resume_url' => env('MJ_GATEWAY_RESUME_URL'),
        'upload_url' => env('MJ_UPLOAD_URL'),
        'activity_url' => env('MJ_ACTIVITY_URL'),
    ],

    // Who reads the feed of changes in `php artisan mj:sync`. Another name begins at its beginning.
    'consumer' => 'laravel',

    // Whether listeners are told of a change, too, by the process that sees it: for an application without `mj:sync`.
    'tell_at_once' => false,

    // A channel of config/logging.php; null for the default one.
    'log_channel' => env('MJ_LOG_CHANNEL'),
];
