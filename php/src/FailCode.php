<?php

declare(strict_types=1);

namespace Mj;

use Mj\Internal\Word;

/**
 * Why a task ended without a picture. docs/refusals.md says for each what it means, when it comes and what to do; a later
 * version of the extension may have more.
 */
final class FailCode extends Word
{
    /** The account is disabled. */
    public const ACCOUNT_DISABLED = 'ACCOUNT_DISABLED';
    /** The prompt contains a banned word. */
    public const BANNED_PROMPT = 'BANNED_PROMPT';
    /** Midjourney has blocked the account. */
    public const BLOCKED = 'BLOCKED';
    /** The task was cancelled. */
    public const CANCELLED = 'CANCELLED';
    /** Midjourney asks for a human check. */
    public const CAPTCHA_REQUIRED = 'CAPTCHA_REQUIRED';
    /** Discord says that the command is outdated. */
    public const COMMAND_OUTDATED = 'COMMAND_OUTDATED';
    /** The account has no fast hours left. */
    public const CREDITS_EXHAUSTED = 'CREDITS_EXHAUSTED';
    /** Duplicate images were given. */
    public const DUPLICATE_IMAGES = 'DUPLICATE_IMAGES';
    /** Discord forbids the account this channel or command. */
    public const FORBIDDEN = 'FORBIDDEN';
    /** An image in the prompt was denied. */
    public const IMAGE_DENIED = 'IMAGE_DENIED';
    /** Midjourney's image filter stopped the request. */
    public const IMAGE_FILTERED = 'IMAGE_FILTERED';
    /** The interaction failed at Discord. */
    public const INTERACTION_FAILED = 'INTERACTION_FAILED';
    /** Midjourney had an internal error. */
    public const INTERNAL_ERROR = 'INTERNAL_ERROR';
    /** A picture can not be used. */
    public const INVALID_IMAGE = 'INVALID_IMAGE';
    /** A link in the prompt is invalid. */
    public const INVALID_LINK = 'INVALID_LINK';
    /** A parameter of the prompt is invalid. */
    public const INVALID_PARAMETER = 'INVALID_PARAMETER';
    /** The prompt is invalid. */
    public const INVALID_PROMPT = 'INVALID_PROMPT';
    /** The message was deleted before a picture came. */
    public const MESSAGE_DELETED = 'MESSAGE_DELETED';
    /** Midjourney's moderation stopped the prompt and waits for a person. */
    public const MODERATED = 'MODERATED';
    /** This needs a user gateway, the hub only has a bot. */
    public const NEEDS_USER_GATEWAY = 'NEEDS_USER_GATEWAY';
    /** Midjourney's output filter stopped the picture. */
    public const OUTPUT_FILTERED = 'OUTPUT_FILTERED';
    /** A moderator's message waits for acknowledgement. */
    public const PENDING_MOD_MESSAGE = 'PENDING_MOD_MESSAGE';
    /** The account's plan was cancelled. */
    public const PLAN_CANCELLED = 'PLAN_CANCELLED';
    /** The account's job queue at Midjourney is full. */
    public const QUEUE_FULL = 'QUEUE_FULL';
    /** Discord limits the rate of requests. */
    public const RATE_LIMITED = 'RATE_LIMITED';
    /** Midjourney refused the request. */
    public const REFUSED = 'REFUSED';
    /** Midjourney asks to slow down. */
    public const SLOW_DOWN = 'SLOW_DOWN';
    /** It can not be proven whether the command reached Midjourney. */
    public const SUBMIT_UNCONFIRMED = 'SUBMIT_UNCONFIRMED';
    /** The account has no active subscription. */
    public const SUBSCRIPTION_REQUIRED = 'SUBSCRIPTION_REQUIRED';
    /** No picture came within the time-out. */
    public const TIMEOUT = 'TIMEOUT';
    /** The account has not accepted Midjourney's terms of service. */
    public const TOS_NOT_ACCEPTED = 'TOS_NOT_ACCEPTED';
    /** Discord does not accept the user token. */
    public const UNAUTHORIZED = 'UNAUTHORIZED';
    /** Discord took it and nothing was seen since. */
    public const UNSEEN = 'UNSEEN';
    /** Discord can not be reached or answers with an error. */
    public const UPSTREAM_ERROR = 'UPSTREAM_ERROR';
    /** Discord wants the account to be verified. */
    public const VERIFICATION_REQUIRED = 'VERIFICATION_REQUIRED';

    private const OF_ACCOUNTS = [
        self::ACCOUNT_DISABLED,
        self::BLOCKED,
        self::CAPTCHA_REQUIRED,
        self::CREDITS_EXHAUSTED,
        self::FORBIDDEN,
        self::PENDING_MOD_MESSAGE,
        self::PLAN_CANCELLED,
        self::RATE_LIMITED,
        self::SUBSCRIPTION_REQUIRED,
        self::TOS_NOT_ACCEPTED,
        self::UNAUTHORIZED,
        self::VERIFICATION_REQUIRED,
    ];

    /** Whether it concerns the account, and so its other tasks too, and not this task alone. */
    public function concernsAccount(): bool
    {
        return $this->is(...self::OF_ACCOUNTS);
    }
}
