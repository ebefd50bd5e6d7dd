<?php

declare(strict_types=1);

namespace Mj\Http;

/**
 * Who may ask: whoever has a secret, in the header `mj-api-secret` or as `Authorization: Bearer …`.
 *
 * @internal
 */
final class Gate
{
    public function __construct(private Settings $settings) {}

    /**
     * Who asks, as a name that tells nothing of the secret; null where everybody may.
     *
     * @throws Refusal when nobody knows
     */
    public function caller(Request $request): ?string
    {
        $secrets = $this->settings->secrets();
        if ($secrets === []) {
            return $this->settings->isOpen() ? null : throw self::closed('no secret is configured: set MJ_RELAY_SECRET');
        }
        $given = $request->header('mj-api-secret');
        if ($given === '' && preg_match('/^Bearer\s+(\S+)\s*$/iD', $request->header('authorization'), $found) === 1) {
            $given = $found[1];
        }
        // Digests, so that neither length nor place of a difference shows in the time; and all of them, whichever fits.
        $digest = hash('sha256', $given, true);
        $isKnown = false;
        foreach ($secrets as $secret) {
            $isKnown = hash_equals(hash('sha256', $secret, true), $digest) || $isKnown;
        }

        return $isKnown ? bin2hex($digest) : throw self::closed('the header mj-api-secret is missing or wrong');
    }

    private static function closed(string $why): Refusal
    {
        return new Refusal(401, Reply::FAILURE, $why, [], ['WWW-Authenticate' => 'Bearer']);
    }
}
