<?php

/**
 * What the extension `mj` offers to PHP, for editors, static analysers and readers.
 *
 * `tests/stubs_check.php` holds it equal to the binary. Times are milliseconds since 1970-01-01T00:00:00Z unless said
 * otherwise. Trouble on the network is never thrown: it is the task's state.
 *
 * Secrets: on PHP 8.2 and later, arguments marked `#[\SensitiveParameter]` do not appear in stack traces. The ini
 * entries `mj.bot_token`, `mj.user_token`, `mj.secret`, `mj.secret_previous`, `mj.notify_secret`, `mj.notify_url`, `mj.session_id`,
 * `mj.archive_key` and `mj.archive_secret`, and `mj.proxy`, `mj.store`, `mj.archive_endpoint` and every other entry for an
 * address when they carry a password, cannot be read back: `ini_get()` and `ini_get_all()` give an empty value, `phpinfo()` says "set, hidden".
 *
 * ini entries, all `PHP_INI_SYSTEM`, empty means the default; each is also a key of `mj_configure()`, without the
 * prefix, which goes before them, and a variable of the environment, as `MJ_USER_TOKEN` for `mj.user_token`, which goes
 * behind them. A variable with `_FILE` behind its name names a file that holds the value. The environment is read once, when PHP starts. Times are seconds, or a number with `ms`, `s`, `m`, `h` or `d` behind it.
 *
 * @ini mj.activity_url    replaces `https://936929561302675456.discordsays.com`, where the editor of Vary (Region) lives
 * @ini mj.api_url         replaces `https://discord.com`
 * @ini mj.archive         where finished pictures are kept for good: an absolute path, or `s3://bucket/prefix`
 * @ini mj.archive_endpoint  address of the S3-compatible service; default Amazon's
 * @ini mj.archive_key     its access key
 * @ini mj.archive_path_style  whether the bucket is part of the path: `1` or `0`; default `1` with an endpoint
 * @ini mj.archive_region  its region; default `us-east-1`
 * @ini mj.archive_secret  its secret key
 * @ini mj.autostart       whether a process may start the engine by itself: `1` or `0`
 * @ini mj.bot_token       token of the Discord bot that listens
 * @ini mj.ca_file         PEM file of further certificate authorities
 * @ini mj.cdn_url         image domain shown to visitors, replaces `https://cdn.discordapp.com`
 * @ini mj.channel_id      Discord channel in which Midjourney is asked
 * @ini mj.concurrency     jobs of one account at once in fast and turbo mode, 1 to 15
 * @ini mj.gateway         where events come from: `auto`, `bot`, `user`, `both` or `off`
 * @ini mj.gateway_resume_url  template with `{host}` for the hosts that a resume names, as `wss://gw.example.com/{host}`
 * @ini mj.gateway_url     replaces `wss://gateway.discord.gg`; `wss://` or `ws://`
 * @ini mj.guild_id        Discord guild of the channel
 * @ini mj.lang            language of messages: `en` or `zh`
 * @ini mj.late_final      how long a picture that is late is still awaited
 * @ini mj.log             the log: a file, `syslog`, or `php` for where PHP's own errors go (docs/logs.md)
 * @ini mj.log_files       old log files that are kept, `<file>.1` the newest, 1 to 1000
 * @ini mj.log_format      `text`, or `json` for an object a line
 * @ini mj.log_level       `error`, `warn`, `info` or `debug`
 * @ini mj.log_prompts     whether prompts are in the log, at level `info`: `1` or `0`
 * @ini mj.log_size        bytes (or with `K`, `M`, `G`) from which the log file is rotated; 0 never
 * @ini mj.max_wait        longest `mj_wait()` and `mj_events()` under PHP-FPM and Apache
 * @ini mj.notify_secret   signs webhooks; white space around it is cut
 * @ini mj.notify_url      webhook told of every change of tasks that name no other, `http://` or `https://`
 * @ini mj.proxy           `http://` or `socks5h://` proxy for everything
 * @ini mj.queue_size      tasks that may wait, over all accounts
 * @ini mj.relax_concurrency  jobs of one account at once in relax mode, 1 to 15
 * @ini mj.retention       how long finished tasks are kept
 * @ini mj.role            `auto`, or `never`: this process never becomes owner
 * @ini mj.secret          what tokens and passwords in the store are encrypted with: 32 random characters or more
 * @ini mj.secret_previous  the secret before it, for as long as something is encrypted with that one
 * @ini mj.seed_tag        whether prompts without `--seed` get one, so that pictures can be told apart: `1` or `0`
 * @ini mj.session_id      session named in interactions when no live one is known
 * @ini mj.shutdown_grace  longest wait at the end of a process
 * @ini mj.spacing         least time between two interactions of one account
 * @ini mj.state_dir       directory of the store; must belong to PHP's user
 * @ini mj.store           another spelling of `mj.state_dir`: `sqlite://` and the absolute path of the directory
 * @ini mj.timeout         how long a task may take
 * @ini mj.token_sessions  whether each token that comes with a task gets a gateway session of its own: `1` or `0`
 * @ini mj.upload_url      replaces the host of attachment uploads
 * @ini mj.user_agent      what HTTP requests say they are
 * @ini mj.user_token      token of the Discord user whose Midjourney account works
 *
 * @phpstan-type MjImage array{
 *     url: string,
 *     width: ?int,
 *     height: ?int,
 *     size: int,
 *     content_type: ?string,
 *     expires_at: ?int,
 *     file: ?string
 * }
 * @phpstan-type MjButton array{
 *     action: ?string,
 *     custom_id: string,
 *     label: ?string,
 *     emoji: ?string,
 *     style: int,
 *     choices?: list<array{value: string, label: string, selected: bool}>
 * }
 * @phpstan-type MjOwner array{
 *     pid: int,
 *     epoch: int,
 *     grade: 'resident'|'transient',
 *     alive: bool,
 *     since: int,
 *     until: int
 * }
 * @phpstan-type MjGateway array{
 *     state: 'off'|'connecting'|'live'|'down'|'dead',
 *     user_id: ?string,
 *     close_code: ?int
 * }
 * @phpstan-type MjStatus array{
 *     version: string,
 *     state_dir: string,
 *     pid: int,
 *     sapi: string,
 *     grade: 'resident'|'transient',
 *     has_engine: bool,
 *     configuration: array<string, array{
 *         value: bool|int|float|string|list<string>|null,
 *         source: 'configure'|'ini'|'environment'|'default',
 *         name: string
 *     }>,
 *     hub: ?string,
 *     owner: MjOwner|null,
 *     gateway: array{
 *         mode: 'bot'|'user'|'both'|'off',
 *         bot: MjGateway,
 *         user: MjGateway,
 *         message_content_missing: bool,
 *         seen_at: int
 *     }|null,
 *     log: array{state: 'ok'|'failing', reason: ?string, since: ?int, lost: int}|null,
 *     network: array<'api'|'gateway'|'cdn'|'upload', array{
 *         state: 'unused'|'ok'|'failing',
 *         reason: ?string,
 *         since: ?int,
 *         times: int
 *     }>|null,
 *     queue: array{
 *         NOT_START: int,
 *         SUBMITTED: int,
 *         MODAL: int,
 *         IN_PROGRESS: int,
 *         SUCCESS: int,
 *         FAILURE: int,
 *         CANCEL: int,
 *         waiting: ?int,
 *         running: ?int,
 *         in_doubt: ?int,
 *         tombstones: ?int,
 *         unmatched: ?int,
 *         clock_difference: ?int
 *     }|null,
 *     accounts: list<array{
 *         name: string,
 *         user_id: ?string,
 *         state: 'usable'|'paused'|'disabled',
 *         code: ?string,
 *         reason: ?string,
 *         until: ?int,
 *         enabled: bool,
 *         unauthorized: bool,
 *         running: int,
 *         seen_at: ?int
 *     }>,
 *     webhooks: array{pending: int, failed: int}|null,
 *     counters: array{
 *         messages: int,
 *         by_step: array<'nonce'|'interaction'|'message'|'progress'|'job'|'reply'|'answer', int>,
 *         empty: int,
 *         malformed: int,
 *         succeeded: int,
 *         failed: int,
 *         absent: int
 *     }|null,
 *     hubs: list<array{id: string, current: bool, owner: MjOwner|null, open_tasks: int}>,
 *     incidents: list<string>
 * }
 * @phpstan-type MjCheck array{
 *     name: string,
 *     title: string,
 *     status: 'ok'|'warning'|'failed'|'skipped'|'unknown',
 *     seen: string,
 *     todo: ?string,
 *     because: ?string
 * }
 * @phpstan-type MjReport array{
 *     ok: bool,
 *     counts: array<'ok'|'warning'|'failed'|'skipped'|'unknown', int>,
 *     checks: list<MjCheck>
 * }
 *
 * `log`: whether the owner can write `mj.log`, since when not, and how many lines are lost. `network`: how the owner found each of Discord's hosts, or the proxies before them, at its last try, and why it fails in
 * words of `mj.lang`; `since` and `times`: the failures in a row (docs/faults.md). `owner.alive`: its lease runs and, on this machine, its process lives. `queue`: tasks by status as stored, then as the
 * owner counts: waiting to be sent, running, in doubt whether they arrived, ended ones that a late picture may still
 * find, messages that are nobody's, and Discord's clock less ours in milliseconds. `accounts.code`: why it is paused
 * (`until` then) or disabled; `reason`: the same in words of `mj.lang`, with Midjourney's behind them. `webhooks`: tasks whose newest state was not taken by their address yet, and those for which
 * that was given up. `counters`: since the owner began. `incidents`: what befell the store, or the log, in this process.
 *
 * Webhooks: a task with the option `notify_url`, or submitted while `mj.notify_url` is set, has its state posted to that
 * address whenever its revision grows: `POST`, the body being the task as `mj_poll()` shows it, as JSON. Headers:
 * `Content-Type: application/json`; `X-Mj-Delivery`, `<task id>:<revision>`; `X-Mj-Timestamp`, seconds since 1970; where
 * `mj.notify_secret` is set `X-Mj-Signature`, `sha256=` and the hexadecimal HMAC-SHA256 of
 * `<X-Mj-Timestamp>.<body>`. To check one:
 *
 *     $expected = 'sha256=' . hash_hmac('sha256', "$timestamp.$body", $secret);
 *     $valid = hash_equals($expected, $signature) && abs(time() - (int) $timestamp) < 300;
 *
 * Only the newest state is posted, so changes that follow each other fast become one post; a task's last state is always
 * posted. A task has one post under way at a time, and its revisions come in growing order. What waits survives
 * restarts: when a process dies during a post, it is posted once more with the same delivery id, so act once for each
 * (task id, revision) and ignore a revision that is not greater than the last. Any `2xx` takes it; `410` ends all posts
 * for the task; everything else, a redirect too, and an answer that takes longer than 10 seconds is tried again, after
 * 1 second doubling to 15 minutes, or later where the answer's `Retry-After` says so (at most an hour), until 24 hours
 * after the task's end, or its removal (`mj.retention`). The address is fixed at the submission; secret and signature are of the time of the post. Posts do not go through `mj.proxy`. They are
 * the owner's work: without any process that may be one (`mj_serve()`, PHP-FPM) they wait. A script that waited for its
 * task has 2 seconds at its end for what is due, within `mj.shutdown_grace`.
 *
 * @phpstan-type MjTask array{
 *     id: string,
 *     action: 'IMAGINE'|'UPSCALE'|'VARIATION'|'REROLL'|'ACTION'|'BLEND'|'COMMAND'|'DESCRIBE'|'SEED'|'SHORTEN'|'SHOW',
 *     status: 'NOT_START'|'SUBMITTED'|'MODAL'|'IN_PROGRESS'|'SUCCESS'|'FAILURE'|'CANCEL',
 *     progress: int<0, 100>,
 *     prompt: string,
 *     final_prompt: ?string,
 *     parent_id: ?string,
 *     group_id: ?string,
 *     account: ?string,
 *     mode: 'fast'|'relax'|'turbo'|null,
 *     image_url: ?string,
 *     preview_url: ?string,
 *     images: list<MjImage>,
 *     texts: list<string>|array<string, string>,
 *     buttons: list<MjButton>,
 *     fail_code: ?string,
 *     fail_reason: ?string,
 *     retryable: bool,
 *     late: bool,
 *     message_id: ?string,
 *     job_id: ?string,
 *     seed: ?int,
 *     queue_position: ?int,
 *     state: ?string,
 *     revision: int,
 *     created_at: int,
 *     submitted_at: ?int,
 *     started_at: ?int,
 *     finished_at: ?int,
 *     stage: 'moderated'|'paused'|'queued'|'stopped'|'uploading'|'waiting to retry'|'waiting to start'|null,
 *     estimated_at: ?int,
 *     not_before: ?int,
 *     notes: list<string>,
 *     tasks?: list<string>,
 *     failed?: array<string, string>
 * }
 *
 * `texts`: the prompts of a describe or shorten result, or the fields of an info or settings panel by name. `buttons`:
 * one with `choices` is a menu. `images.file`: where `mj.archive` keeps the picture. `stage`: what holds the task up
 * within its status; `moderated` waits for a person in Discord. `estimated_at`: when it will probably end.
 * `not_before`: when it is sent again, with the stage `waiting to retry`. `notes`: what
 * stops nothing, as parameters that are passed on unknown. `tasks`: only of a group, its tasks in order.
 * `failed`: only of a group that lacks something, also one that is a `SUCCESS`: by their ids, those of its tasks that ended
 * without a picture, with their `fail_code`s, or `CANCEL`.
 *
 * Groups: a prompt with permutations (`{red, blue}`) or `--repeat` makes several tasks with one `group_id`, and so does
 * `imagine_all`. The group's id is given back, and can be polled, waited for, downloaded and cancelled as one task: its
 * progress is the mean, its `images` are all of them. Its tasks have the buttons.
 *
 * Pictures: an `http` or `https` address, the path of a file (within `open_basedir`), or a `data:` address; PNG, JPEG, WebP
 * or GIF of at most 10 MiB. Files and `data:` are copied into the state directory before the call returns. An address is
 * given to Midjourney as a link, unless the option `upload` is true or the command takes no links: then the owner fetches
 * it, from public hosts only.
 */

namespace {
    /**
     * Sets or changes the hub of this process; in a threaded PHP that of the calling thread only, and where a server gives
     * its sites entries of their own (`php_admin_value`) that of the running site only. Cheap when nothing changed: one
     * comparison.
     *
     * Merged over the ini entries. Keys are theirs without the prefix, and `accounts`; `proxy_url` (image domain),
     * `proxy_api` and `proxy_wss` (must begin with `wss://` or `ws://`) are other names of `cdn_url`, `api_url` and
     * `gateway_url`. Another token, guild or channel selects another hub; it never rewrites one.
     *
     * @param array{
     *     bot_token?: string,
     *     user_token?: string,
     *     guild_id?: string|int,
     *     channel_id?: string|int,
     *     session_id?: string,
     *     gateway?: 'auto'|'bot'|'user'|'both'|'off',
     *     accounts?: list<array{
     *         name: string,
     *         user_token: string,
     *         guild_id?: string|int,
     *         channel_id?: string|int,
     *         session_id?: string,
     *         concurrency?: int<1, 15>,
     *         relax_concurrency?: int<1, 15>,
     *         weight?: int<0, 1000>,
     *         enabled?: bool
     *     }>,
     *     api_url?: string,
     *     gateway_url?: string,
     *     gateway_resume_url?: string,
     *     cdn_url?: string,
     *     upload_url?: string,
     *     proxy_url?: string,
     *     proxy_api?: string,
     *     proxy_wss?: string,
     *     proxy?: string,
     *     ca_file?: string,
     *     concurrency?: int<1, 15>,
     *     relax_concurrency?: int<1, 15>,
     *     queue_size?: int<1, 100000>,
     *     timeout?: int|float|string,
     *     token_sessions?: bool,
     *     retention?: int|float|string,
     *     late_final?: int|float|string,
     *     spacing?: int|float|string,
     *     seed_tag?: bool,
     *     user_agent?: string,
     *     state_dir?: string,
     *     store?: string,
     *     role?: 'auto'|'never',
     *     autostart?: bool,
     *     shutdown_grace?: int|float|string,
     *     max_wait?: int|float|string,
     *     notify_url?: string,
     *     notify_secret?: string,
     *     secret?: string,
     *     secret_previous?: string,
     *     activity_url?: string,
     *     archive?: string,
     *     archive_endpoint?: string,
     *     archive_key?: string,
     *     archive_path_style?: bool,
     *     archive_region?: string,
     *     archive_secret?: string,
     *     lang?: 'en'|'zh',
     *     log?: string,
     *     log_files?: int<1, 1000>,
     *     log_format?: 'text'|'json',
     *     log_level?: 'error'|'warn'|'info'|'debug',
     *     log_prompts?: bool,
     *     log_size?: int|string
     * } $config
     *
     * @throws \Mj\ConfigurationException naming the setting that is missing or wrong
     * @throws \Mj\StorageException when the store cannot be written
     * @throws \Mj\EngineException when the engine cannot run here, as while `opcache.preload` runs
     */
    function mj_configure(#[\SensitiveParameter] array $config): void {}

    /**
     * Submits a prompt and gives the task's id: 26 characters of `[0-9A-Z]`, ordered by time; of a prompt with
     * permutations or `--repeat` the group's.
     *
     * The task is durable when this returns. The network is never waited for.
     *
     * @param string $prompt valid UTF-8, at most 6,000 characters with its parameters; may be empty where `images` are
     *     given. Parameters that this version does not know are passed on with a note.
     * @param array{
     *     account?: string,
     *     user_token?: string,
     *     mode?: 'fast'|'relax'|'turbo',
     *     bot?: 'midjourney'|'niji',
     *     images?: string|list<string>,
     *     upload?: bool,
     *     aspect?: string,
     *     cref?: string|list<string>,
     *     sref?: string|int|list<string>,
     *     oref?: string,
     *     end?: string,
     *     seed?: int<0, 4294967295>,
     *     notify_url?: string,
     *     state?: string,
     *     idempotency_key?: string,
     *     timeout?: int|float,
     *     priority?: int<-100, 100>
     * } $options every parameter of Midjourney's is taken, by its long or short name. `images` are at most 10 image
     *     prompts; `cref`, `sref`, `oref` and `end` may be files or `data:` too. `upload`: addresses are fetched and
     *     uploaded, not given to Midjourney as links.
     *
     * @throws \ValueError when the prompt, a picture or an option cannot be used
     * @throws \TypeError when an option has the wrong type
     * @throws \Mj\ConfigurationException
     * @throws \Mj\QueueFullException when too many tasks wait
     * @throws \Mj\StorageException
     * @throws \Mj\EngineException
     */
    function mj_imagine(string $prompt, #[\SensitiveParameter] array $options = []): string {}

    /**
     * Asks for prompts that fit a picture. They become `texts`; `imagine1` to `imagine4` and `imagine_all` turn them into
     * pictures.
     *
     * @param string $image address, file or `data:` address
     * @param array{
     *     account?: string,
     *     user_token?: string,
     *     mode?: 'fast'|'relax'|'turbo',
     *     bot?: 'midjourney'|'niji',
     *     upload?: bool,
     *     notify_url?: string,
     *     state?: string,
     *     idempotency_key?: string,
     *     timeout?: int|float,
     *     priority?: int<-100, 100>
     * } $options
     *
     * @throws \ValueError when the picture or an option cannot be used
     * @throws \TypeError when an option has the wrong type
     * @throws \Mj\ConfigurationException
     * @throws \Mj\QueueFullException when too many tasks wait
     * @throws \Mj\StorageException
     * @throws \Mj\EngineException
     */
    function mj_describe(string $image, #[\SensitiveParameter] array $options = []): string {}

    /**
     * Blends 2 to 5 pictures into one. All are uploaded, addresses are fetched by the owner.
     *
     * @param array<string> $images addresses, files or `data:` addresses
     * @param array{
     *     account?: string,
     *     user_token?: string,
     *     mode?: 'fast'|'relax'|'turbo',
     *     bot?: 'midjourney'|'niji',
     *     dimensions?: 'portrait'|'square'|'landscape',
     *     aspect?: '2:3'|'1:1'|'3:2',
     *     notify_url?: string,
     *     state?: string,
     *     idempotency_key?: string,
     *     timeout?: int|float,
     *     priority?: int<-100, 100>
     * } $options
     *
     * @throws \ValueError when their number, a picture or an option cannot be used
     * @throws \TypeError when a picture or an option has the wrong type
     * @throws \Mj\ConfigurationException
     * @throws \Mj\QueueFullException when too many tasks wait
     * @throws \Mj\StorageException
     * @throws \Mj\EngineException
     */
    function mj_blend(array $images, #[\SensitiveParameter] array $options = []): string {}

    /**
     * Asks for shorter prompts. They become `texts`; `imagine1` to `imagine5` turn them into pictures.
     *
     * @param array{
     *     account?: string,
     *     user_token?: string,
     *     mode?: 'fast'|'relax'|'turbo',
     *     bot?: 'midjourney'|'niji',
     *     notify_url?: string,
     *     state?: string,
     *     idempotency_key?: string,
     *     timeout?: int|float,
     *     priority?: int<-100, 100>
     * } $options
     *
     * @throws \ValueError when the prompt or an option cannot be used
     * @throws \TypeError when an option has the wrong type
     * @throws \Mj\ActionUnavailableException `NEEDS_USER_GATEWAY`: only the account's own session sees the answer
     * @throws \Mj\ConfigurationException
     * @throws \Mj\QueueFullException when too many tasks wait
     * @throws \Mj\StorageException
     * @throws \Mj\EngineException
     */
    function mj_shorten(string $prompt, #[\SensitiveParameter] array $options = []): string {}

    /**
     * Brings a job back, with its pictures and live buttons.
     *
     * @param string $jobId the job's uuid, or the id of a task whose `job_id` is known
     * @param array{
     *     account?: string,
     *     user_token?: string,
     *     mode?: 'fast'|'relax'|'turbo',
     *     bot?: 'midjourney'|'niji',
     *     notify_url?: string,
     *     state?: string,
     *     idempotency_key?: string,
     *     timeout?: int|float,
     *     priority?: int<-100, 100>
     * } $options
     *
     * @throws \ValueError when it is no uuid and no such task, or an option cannot be used
     * @throws \TypeError when an option has the wrong type
     * @throws \Mj\ConfigurationException
     * @throws \Mj\QueueFullException when too many tasks wait
     * @throws \Mj\StorageException
     * @throws \Mj\EngineException
     */
    function mj_show(string $jobId, #[\SensitiveParameter] array $options = []): string {}

    /**
     * Presses a button of a finished task, or chooses from one of its menus, and gives the new task's id.
     *
     * @param string $taskId a task in state `SUCCESS`; of a group, one of its tasks
     * @param string $action `upscale1` to `upscale4`, `variation1` to `variation4` (also `upsample1` to `upsample4`),
     *     `reroll`, `upscale_subtle`, `upscale_creative`, `upscale_2x`, `upscale_4x`, `redo_upscale_subtle`,
     *     `redo_upscale_creative`, `vary_subtle`, `vary_strong`, `vary_region`, `zoom_out_2x`, `zoom_out_1_5x`,
     *     `custom_zoom`, `make_square`, `pan_left`, `pan_right`, `pan_up`, `pan_down`, `animate_high`, `animate_low`,
     *     `animate_high_manual`, `animate_low_manual`, `extend_high`, `extend_low`, `bookmark`; `imagine1` to `imagine5`
     *     and `imagine_all` (a group) of describe and shorten results; `seed`, which asks Midjourney for the job's own; or
     *     the `custom_id` of any button or menu that the task has, as those of settings
     * @param array{
     *     account?: string,
     *     user_token?: string,
     *     mode?: 'fast'|'relax'|'turbo',
     *     prompt?: string,
     *     mask?: string,
     *     values?: string|list<string>,
     *     notify_url?: string,
     *     state?: string,
     *     idempotency_key?: string,
     *     timeout?: int|float,
     *     priority?: int<-100, 100>
     * } $options `prompt`: written into the form that the button opens (remix, custom zoom, vary region, animate manual,
     *     describe, shorten); without it the form's own text is sent. `mask`: for `vary_region` only, file or `data:`
     *     address of a PNG, white where the picture may change. `values`: for menus only.
     *
     * @throws \ValueError when there is no such task, or an option cannot be used with this button
     * @throws \TypeError when an option has the wrong type
     * @throws \Mj\ActionUnavailableException when the task does not offer the action; the message names those it does
     * @throws \Mj\ConfigurationException
     * @throws \Mj\QueueFullException when too many tasks wait
     * @throws \Mj\StorageException
     * @throws \Mj\EngineException
     */
    function mj_action(string $taskId, string $action, #[\SensitiveParameter] array $options = []): string {}

    /**
     * Runs a command that makes no picture. The fields of `info` and `settings` become `texts`, what can be changed
     * `buttons`.
     *
     * @param string $name `info`, `settings`, `fast`, `relax`, `turbo`, `public`, `private`, `stealth` or `prefer remix`
     * @param list<string> $arguments `['remix']` for `prefer`; empty for all others
     * @param array{
     *     account?: string,
     *     user_token?: string,
     *     mode?: 'fast'|'relax'|'turbo',
     *     bot?: 'midjourney'|'niji',
     *     notify_url?: string,
     *     state?: string,
     *     idempotency_key?: string,
     *     timeout?: int|float,
     *     priority?: int<-100, 100>
     * } $options
     *
     * @throws \ValueError when there is no such command, or it takes no arguments
     * @throws \TypeError when an argument or option has the wrong type
     * @throws \Mj\ActionUnavailableException `NEEDS_USER_GATEWAY`: only the account's own session sees the answer
     * @throws \Mj\ConfigurationException
     * @throws \Mj\QueueFullException when too many tasks wait
     * @throws \Mj\StorageException
     * @throws \Mj\EngineException
     */
    function mj_command(string $name, array $arguments = [], #[\SensitiveParameter] array $options = []): string {}

    /**
     * One task as it is, or null when there is no such task. Never waits.
     *
     * @return MjTask|null
     *
     * @throws \Mj\ConfigurationException
     * @throws \Mj\StorageException
     * @throws \Mj\EngineException
     */
    function mj_poll(string $taskId): ?array {}

    /**
     * Several tasks in one reading, by id; null for those that do not exist.
     *
     * @param array<string> $taskIds
     *
     * @return array<string, MjTask|null>
     *
     * @throws \TypeError when an element is not a string
     * @throws \Mj\ConfigurationException
     * @throws \Mj\StorageException
     * @throws \Mj\EngineException
     */
    function mj_poll_many(array $taskIds): array {}

    /**
     * Waits until a task has ended, and gives it as it is: at its end, at the time-out, or when PHP has something else
     * to do (time limit, signal).
     *
     * Each wait pins its process; under PHP-FPM and Apache it is cut to `mj.max_wait`.
     *
     * @param float $timeout seconds, 0 or more; `INF` waits to the end
     *
     * @return MjTask
     *
     * @throws \ValueError when there is no such task, or the time-out is negative or not a number
     * @throws \Mj\ConfigurationException
     * @throws \Mj\StorageException
     * @throws \Mj\EngineException
     */
    function mj_wait(string $taskId, float $timeout = 30.0): array {}

    /**
     * A part of the list of tasks, newest first.
     *
     * @param array{
     *     status?: string|list<string>,
     *     parent_id?: string,
     *     group_id?: string,
     *     account?: string,
     *     state?: string
     * } $filter
     * @param int $limit 1 to 1,000
     * @param string|null $cursor where the part begins, as given by the one before
     *
     * @return array{tasks: list<MjTask>, cursor: ?string} `cursor` is null at the end
     *
     * @throws \ValueError
     * @throws \TypeError
     * @throws \Mj\ConfigurationException
     * @throws \Mj\StorageException
     * @throws \Mj\EngineException
     */
    function mj_tasks(array $filter = [], int $limit = 50, ?string $cursor = null): array {}

    /**
     * What changed and was not acknowledged by this consumer, oldest first: one event for each submission, change and
     * cancellation of every task in the state directory. `task` is as it is now, so several events of one task may show
     * the same revision.
     *
     * Events are kept in the store, survive restarts and go with their tasks: what a consumer does not fetch within
     * `mj.retention` of a task's end is gone, and nothing tells of the gap but the task that `mj_poll()` no longer finds.
     * A new consumer begins at the oldest kept event; each has its own place.
     *
     * Delivery is at least once: until `mj_ack()`, a further call gives the same events again, also to another process of
     * the same consumer. To act exactly once, store the task's id with its `revision` in the same transaction as what is
     * done, and skip an event whose (id, revision) is there already or whose revision is not greater.
     *
     * @param string $consumer 1 to 64 characters of `A-Z`, `a-z`, `0-9`, `_`, `.`, `:` and `-`
     * @param int $limit 1 to 1,000
     * @param float $wait seconds, 0 or more: how long to wait where there is nothing; under PHP-FPM and Apache it is cut to
     *     `mj.max_wait`. Returns early when PHP has something else to do.
     *
     * @return list<array{cursor: int, task: MjTask}> empty when there is nothing
     *
     * @throws \ValueError when an argument cannot be used
     * @throws \Mj\ConfigurationException
     * @throws \Mj\StorageException
     * @throws \Mj\EngineException
     */
    function mj_events(string $consumer, int $limit = 100, float $wait = 0.0): array {}

    /**
     * Acknowledges all events up to this one, durably. Never goes back; one that is yet to come cannot be acknowledged.
     *
     * @param string $consumer as given to `mj_events()`
     * @param int $cursor the `cursor` of the last event that was dealt with
     *
     * @throws \ValueError when an argument cannot be used
     * @throws \Mj\ConfigurationException
     * @throws \Mj\StorageException
     * @throws \Mj\EngineException
     */
    function mj_ack(string $consumer, int $cursor): void {}

    /**
     * A stream for event loops: it becomes readable when a task of the state directory changes, is submitted or is
     * cancelled, in whatever process, so that nobody polls. Give it to `stream_select()`, or to what ReactPHP, Amp,
     * Workerman or Swoole have for readable streams. docs/event-loops.md has examples.
     *
     * Read from it first, then look: `fread($stream, 1)`, which never waits, makes it unreadable until the next change;
     * then `mj_poll_many()` or `mj_events()` tell what changed. Changes that follow each other fast are one, and none is
     * lost: it is readable from the beginning, so that what happened before is looked at too. What was read means nothing.
     *
     * As long as it is open, this process counts as one that waits, and may become the owner as in `mj_wait()`. It
     * watches the state directory that was set when it was made. `fclose()`, or the end of the request, ends it.
     *
     * After `pcntl_fork()` the child's copy is readable once, at its end (`feof()`), and warns when it is read: close it,
     * and make another.
     *
     * @return resource of type stream, for reading, which never blocks
     *
     * @throws \Mj\ConfigurationException when the state directory cannot be used
     * @throws \Mj\StorageException
     * @throws \Mj\EngineException when the process may open no more files, or start no thread
     */
    function mj_watch() {}

    /**
     * Cancels a task that was not sent yet, or asks for the press of Cancel Job. Of a group, all of its tasks.
     *
     * @return bool false when the task had ended
     *
     * @throws \ValueError when there is no such task
     * @throws \Mj\ActionUnavailableException `NEEDS_USER_GATEWAY`: a button's job runs, and only its user's session sees
     *     the Cancel Job button
     * @throws \Mj\ConfigurationException
     * @throws \Mj\StorageException
     * @throws \Mj\EngineException
     */
    function mj_cancel(string $taskId): bool {}

    /**
     * Keeps this process as an owner in the foreground. Returns early when PHP has something else to do.
     *
     * @param float $seconds 0 or more
     *
     * @throws \ValueError when the time is negative or not a number
     * @throws \Mj\ConfigurationException
     * @throws \Mj\StorageException
     * @throws \Mj\EngineException
     */
    function mj_serve(float $seconds = INF): void {}

    /**
     * This process, its settings (each with its value or default, who set it, and the name under which; a secret is
     * `set, hidden`), then owner, gateway, queue, accounts and counters of its hub, then every hub of the state directory
     * in short. Without any secret.
     *
     * `gateway`, `log`, `network`, `counters` and the last six of `queue` are what the owner wrote last, at `gateway.seen_at`; they are
     * null until a first owner has written. All that concerns the hub is null (`accounts` is empty) where none is
     * configured.
     *
     * @return MjStatus
     *
     * @throws \Mj\ConfigurationException
     * @throws \Mj\StorageException
     * @throws \Mj\EngineException
     */
    function mj_status(): array {}

    /**
     * Counters, gauges and histograms of every hub of the state directory in Prometheus's text format 0.0.4, for a page
     * that a Prometheus server asks (docs/metrics.md lists them). It reads the store and nothing else: it starts no
     * engine, waits for no network, and costs the same however many tasks there are. What the owner counts goes on
     * with the next owner.
     *
     * @throws \Mj\ConfigurationException when the state directory cannot be used
     * @throws \Mj\StorageException when the store cannot be read
     * @throws \Mj\EngineException while `opcache.preload` runs
     */
    function mj_metrics(): string {}

    /**
     * Looks at everything that mj needs and says of each what was seen and what to do: PHP, settings, state directory,
     * hosts, tokens, owner, queue. Never a secret. It only looks: it starts no engine and sends no task, and what it
     * finds wrong is never an exception. docs/doctor.md explains every check.
     *
     * `array` (the default) gives `ok`, which is false as soon as one check failed, the number of checks by status, and
     * the checks in their order; `json` the same as a string; `text` lines for people. A check whose ground failed is
     * `skipped`, and `because` names the check to see to first.
     *
     * @param array{
     *     format?: 'array'|'json'|'text',
     *     lang?: 'en'|'zh',
     *     network?: bool,
     *     timeout?: int|float,
     *     idle?: int,
     *     only?: string|list<string>,
     *     config?: array<string, mixed>,
     * } $options `lang` defaults to `mj.lang`; `network` false leaves out what needs the network, which takes at most
     *     `timeout` seconds, 1 to 60, default 10; `idle` keeps a gateway's connection silent for so many seconds more, 0
     *     to 300, default 0, to see whether a reverse proxy cuts it; `only` names checks, or the part before their dot;
     *     `config` is looked at in place of what `mj_configure()` was given
     *
     * @return MjReport|string a string with `format` `text` or `json`
     *
     * @throws \ValueError when an option cannot be used
     * @throws \TypeError when an option has the wrong type
     */
    function mj_doctor(#[\SensitiveParameter] array $options = []): array|string {}

    /**
     * An address of Discord's CDN, rewritten to the image domain. Other addresses come back as they are.
     *
     * @throws \ValueError when it is not an address
     * @throws \Mj\ConfigurationException
     * @throws \Mj\EngineException
     */
    function mj_image_url(string $url): string {}

    /**
     * Saves the pictures of a finished task, or with `preview` the half-done one of a task at work. Addresses that have expired are asked for anew; a picture that lies in
     * an archive directory is taken from there. Cutting and converting happens in this process, and keeps no metadata.
     * Videos are saved as they are, whatever is asked for. A file that is there already must be the same, unless
     * `overwrite` is given.
     *
     * A preview comes by the same way (`mj.proxy`, `mj.cdn_url`, `mj.ca_file`) and within the same limits. It is saved as
     * `<task id>-preview`, and the next one replaces it. Where a task shows none, as it has not begun, has nothing to
     * show yet, or has ended, the list is empty. Midjourney replaces previews every few seconds: one that is gone when
     * it is fetched, while the task has no newer one yet, is a `\Mj\EngineException` that says so, and the next call has
     * another.
     *
     * @param string $directory must exist, be writable, and lie within `open_basedir`
     * @param array{
     *     split?: bool,
     *     cells?: list<int<1, 4>>,
     *     format?: 'keep'|'png'|'jpeg'|'webp',
     *     quality?: int<1, 100>,
     *     thumbnail?: int<1, 8192>,
     *     preview?: bool,
     *     overwrite?: bool,
     *     timeout?: int|float
     * } $options `split` cuts a grid into its four cells, `cells` into some of them; `format` converts (WebP without
     *     loss), `quality` is of a JPEG (90); `thumbnail` makes the longer side at most so many pixels; `timeout` is in
     *     seconds, 1 to 3600 (120)
     *
     * @return list<string> paths of the files, in the order of the task's `images`, or of the cells; of a preview the one
     *     path, or none
     *
     * @throws \ValueError when there is no such task, it has no picture (with `preview`, that is no error), or the
     *     directory cannot be used
     * @throws \Mj\ConfigurationException
     * @throws \Mj\StorageException when the store cannot be read
     * @throws \Mj\EngineException when a picture cannot be fetched, or a file cannot be written
     */
    function mj_download(string $taskId, string $directory, #[\SensitiveParameter] array $options = []): array {}
}

namespace Mj {
    /** Whatever goes wrong at once, except bad arguments, which are `\ValueError` and `\TypeError`. */
    class MjException extends \RuntimeException {}

    /** A setting is missing or wrong; the message names it. */
    class ConfigurationException extends MjException {}

    /** The store cannot be opened, read or written. Nothing was lost: the call did not happen. */
    class StorageException extends MjException {}

    /** Too many tasks wait. */
    class QueueFullException extends MjException
    {
        /** Seconds after which another try makes sense. */
        public int $retryAfter = 0;
    }

    /** The task does not offer the action; the message names those that it does. */
    class ActionUnavailableException extends MjException
    {
        /**
         * `NOT_OFFERED`: not among the task's buttons. `NOT_FINISHED`: the buttons come with the picture.
         * `NEEDS_PERSON`: it answers Midjourney's moderators, which only a person may do, in Discord.
         * `NEEDS_USER_GATEWAY`: it opens a dialog or answers in a message that only the account's own session sees: the
         * hub needs `mj.user_token`, and `mj.gateway` `user` or `both`.
         */
        public string $reason = '';
    }

    /** The engine cannot run here and now. */
    class EngineException extends MjException {}
}
