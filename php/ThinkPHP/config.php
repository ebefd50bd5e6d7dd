<?php

/** Copy to `config/mj.php`, or `php think vendor:publish`. Tokens belong in `.env`, under `[MJ]`. */

declare(strict_types=1);

return [
    // What `mj_configure()` takes, over php.ini; docs/configuration.md has it all. What is null or empty, php.ini decides.
    'config' => [
        'user_token' => env('mj.user_token'),
        'bot_token' => env('mj.bot_token'),
        'guild_id' => env('mj.guild_id'),
        'channel_id' => env('mj.channel_id'),
        'state_dir' => env('mj.state_dir'),
        'secret' => env('mj.secret'),
        'proxy' => env('mj.proxy'),
        'cdn_url' => env('mj.cdn_url'),
        'api_url' => env('mj.api_url'),
        'gateway_url' => env('mj.gateway_url'),
        'gateway_resume_url' => env('mj.gateway_resume_url'),
        'upload_url' => env('mj.upload_url'),
        'activity_url' => env('mj.activity_url'),
    ],

    // Who reads the feed of changes in `php think mj:sync`. Another name begins at its beginning.
    'consumer' => 'thinkphp',

    // Whether listeners are told of a change, too, by the process that sees it: for an application without `mj:sync`.
    'tell_at_once' => false,
];
