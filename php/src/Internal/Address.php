<?php

declare(strict_types=1);

namespace Mj\Internal;

/**
 * Addresses of those who ask.
 *
 * @internal
 */
final class Address
{
    /** What addresses of IPv4 begin with among those of IPv6, as ::ffff:192.0.2.1: so they come to a socket of IPv6. */
    private const MAPPED = "\0\0\0\0\0\0\0\0\0\0\xff\xff";

    private function __construct() {}

    /** What of an address one customer of a provider has: all of one of IPv4, of one of IPv6 the first half. */
    public static function network(string $address): string
    {
        $bytes = (string) @inet_pton($address);
        if (str_starts_with($bytes, self::MAPPED)) {
            $bytes = substr($bytes, strlen(self::MAPPED));
        }

        return match (strlen($bytes)) {
            4 => (string) inet_ntop($bytes),
            16 => bin2hex(substr($bytes, 0, 8)),
            default => $address,
        };
    }
}
