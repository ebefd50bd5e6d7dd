<?php

/**
 * A site that takes webhooks: prints its port, then each post as one line of JSON.
 *
 * Usage: php -n receiver.php [STATUS...] [HEADER...]: the statuses of the first answers, all later ones are 200; and
 * what all of them have, as `Retry-After: 7`.
 */

declare(strict_types=1);

$server = stream_socket_server('tcp://127.0.0.1:0');
$address = stream_socket_get_name($server, false);
echo substr($address, strrpos($address, ':') + 1), "\n";
$headers = preg_grep('/:/', array_slice($argv, 1)) ?: [];
$statuses = array_diff(array_slice($argv, 1), $headers);
$more = implode('', array_map(static fn(string $one): string => "$one\r\n", $headers));
while ($client = stream_socket_accept($server, 3600)) {
    $request = ['line' => rtrim((string) fgets($client)), 'headers' => []];
    while (($line = rtrim((string) fgets($client))) !== '') {
        [$name, $value] = explode(': ', $line, 2);
        $request['headers'][strtolower($name)] = $value;
    }
    $request['body'] = stream_get_contents($client, (int) ($request['headers']['content-length'] ?? 0));
    echo json_encode($request, JSON_THROW_ON_ERROR), "\n";
    $status = array_shift($statuses) ?? 200;
    fwrite($client, "HTTP/1.1 $status so\r\nContent-Length: 0\r\n{$more}Connection: close\r\n\r\n");
    fclose($client);
}
