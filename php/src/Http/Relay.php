<?php

declare(strict_types=1);

namespace Mj\Http;

use Mj\ActionUnavailableException;
use Mj\Client;
use Mj\Internal\Address;
use Mj\MjException;
use Mj\QueueFullException;

/**
 * The HTTP API of midjourney-proxy, and AceData's, on the extension: `php/http/index.php` is its front controller.
 *
 *     (new Relay(new Midjourney(), Settings::fromEnvironment()))->handle(Request::fromGlobals())->send();
 */
final class Relay
{
    private const OPENAPI = __DIR__ . '/../../http/openapi.json';
    /** Bytes: a task with its buttons is some thousands. */
    private const LARGEST_TASK = 4_194_304;

    private const GET = 'GET';
    private const POST = 'POST';

    private const SUBMISSIONS = [
        'imagine' => 'imagine', 'change' => 'change', 'simple-change' => 'simpleChange', 'action' => 'action',
        'describe' => 'describe', 'blend' => 'blend', 'shorten' => 'shorten', 'modal' => 'modal', 'show' => 'show',
    ];
    /** What descendants of midjourney-proxy have and Midjourney's bots have not. */
    private const NOT_OFFERED = '~^(?:submit/(?:upload-discord-images|edits?|retexture|video)|insight-face/(?:video-)?swap)$~D';

    private Gate $gate;
    private RateLimit $limit;
    private Hooks $hooks;
    private Submissions $submissions;
    private Tasks $tasks;
    private AceData $aceData;

    public function __construct(Client $mj, private Settings $settings)
    {
        $place = new Place($mj, $settings);
        $dialogs = new Dialogs($place);
        $prompts = new Prompts($settings, new BannedWords($settings));
        $seeds = new Seeds($mj);
        $this->gate = new Gate($settings);
        $this->limit = new RateLimit($place);
        $this->hooks = new Hooks($settings, $place, new Silences($place));
        $this->submissions = new Submissions($mj, $settings, $this->hooks, $dialogs, $prompts);
        $this->tasks = new Tasks($mj, $settings, $dialogs, $seeds);
        $this->aceData = new AceData($mj, $settings, $this->hooks, $prompts, $seeds);
    }

    /** Whatever is asked, there is an answer, and it is JSON. */
    public function handle(Request $request): Response
    {
        $base = $this->settings->base();
        $path = $request->path();
        if ($base !== '' && str_starts_with($path, "$base/")) {
            $path = substr($path, strlen($base));
        }
        try {
            $response = $this->answer($request, $path);
        } catch (\Throwable $error) {
            $response = self::refused($error, str_starts_with($path, '/midjourney/'));
        }

        return $response->with($this->crossOrigin($request));
    }

    private function answer(Request $request, string $path): Response
    {
        if (str_starts_with($path, Hooks::PATH)) {
            self::expect($request, self::POST);

            $body = static fn(): string => $request->body(self::LARGEST_TASK);

            return $this->hooks->deliver(substr($path, strlen(Hooks::PATH)), $body);
        }
        [$method, $work, $isSubmission] = $this->route($path)
            ?? throw new Refusal(404, Reply::NOT_FOUND, 'there is no such address');
        if ($request->method() === 'OPTIONS' && $this->crossOrigin($request) !== []) {
            return new Response(204);
        }
        self::expect($request, $method);
        $address = Address::network($request->address());
        $this->limit->count("address $address", $this->settings->rate());
        $caller = $this->gate->caller($request);
        $whose = $caller === null ? [] : ["secret $caller"];
        foreach ($whose as $one) {
            $this->limit->count($one, $this->settings->rate());
        }
        foreach ($isSubmission ? ["address $address", ...$whose] : [] as $one) {
            $this->limit->count("submit $one", $this->settings->submitRate());
        }

        return $work($request);
    }

    /** @return array{string, \Closure(Request): Response, bool}|null method, what is done, whether it is a submission */
    private function route(string $path): ?array
    {
        if ($path === '/mj/openapi.json') {
            $text = (string) file_get_contents(self::OPENAPI);

            return [self::GET, static fn(): Response => new Response(200, $text, ['Content-Type' => 'application/json']), false];
        }
        if (preg_match('~^/midjourney/(imagine|describe|shorten|seed|tasks)$~D', $path, $found) === 1) {
            return $this->aceDataRoute($found[1]);
        }
        if (preg_match('~^(?:/mj|/mj-(fast|relax|turbo)(?:/mj)?)/(submit|task|account|insight-face)/(.+)$~D', $path, $found) !== 1) {
            return null;
        }
        if (preg_match(self::NOT_OFFERED, "$found[2]/$found[3]") === 1) {
            // As they refuse what is switched off: the code 3 would say that no account is left.
            return [self::POST, static fn(): Response => throw Refusal::sense("$found[3] is not offered here"), true];
        }
        $mode = $found[1] === '' ? null : $found[1];

        return match ($found[2]) {
            'submit' => $this->submission($found[3], $mode),
            'task' => $this->taskRoute($found[3]),
            'account' => $this->accountRoute($found[3]),
            default => null,
        };
    }

    /** @return array{string, \Closure(Request): Response, bool}|null */
    private function submission(string $name, ?string $mode): ?array
    {
        $method = self::SUBMISSIONS[$name] ?? null;
        if ($method === null) {
            return null;
        }
        $work = function (Request $request) use ($method, $mode): Response {
            $response = $this->submissions->{$method}($request, $this->body($request), $mode);
            assert($response instanceof Response);

            return $response;
        };

        return [self::POST, $work, true];
    }

    /** @return array{string, \Closure(Request): Response, bool}|null */
    private function taskRoute(string $rest): ?array
    {
        if ($rest === 'list' || $rest === 'queue') {
            return [self::GET, fn(): Response => $rest === 'list' ? $this->tasks->list() : $this->tasks->queue(), false];
        }
        if ($rest === 'list-by-condition' || $rest === 'list-by-ids') {
            return [self::POST, fn(Request $request): Response => $this->tasks->listByCondition($this->body($request)), false];
        }
        if (preg_match('~^([^/]+)/(fetch|cancel|image-seed)$~D', $rest, $found) !== 1) {
            return null;
        }
        $id = rawurldecode($found[1]);

        return match ($found[2]) {
            'fetch' => [self::GET, fn(): Response => $this->tasks->fetch($id), false],
            'cancel' => [self::POST, fn(): Response => $this->tasks->cancel($id), false],
            default => [self::GET, fn(): Response => $this->tasks->imageSeed($id), true],
        };
    }

    /** @return array{string, \Closure(Request): Response, bool}|null */
    private function accountRoute(string $rest): ?array
    {
        if ($rest === 'list') {
            return [self::GET, fn(): Response => $this->tasks->accounts(), false];
        }

        return preg_match('~^([^/]+)/fetch$~D', $rest, $found) === 1
            ? [self::GET, fn(): Response => $this->tasks->account(rawurldecode($found[1])), false]
            : null;
    }

    /** @return array{string, \Closure(Request): Response, bool} */
    private function aceDataRoute(string $name): array
    {
        return match ($name) {
            'imagine' => [self::POST, fn(Request $one): Response => $this->aceData->imagine($one, $this->body($one)), true],
            'describe' => [self::POST, fn(Request $one): Response => $this->aceData->describe($one, $this->body($one)), true],
            'shorten' => [self::POST, fn(Request $one): Response => $this->aceData->shorten($one, $this->body($one)), true],
            'seed' => [self::POST, fn(Request $one): Response => $this->aceData->seed($one, $this->body($one)), true],
            default => [self::POST, fn(Request $one): Response => $this->aceData->tasks($this->body($one)), false],
        };
    }

    private function body(Request $request): Body
    {
        return Body::parse($request->body($this->settings->largestBody()));
    }

    /** @return array<string, string> what lets pages of other sites ask, for those that may */
    private function crossOrigin(Request $request): array
    {
        $origin = $request->header('origin');
        $allowed = array_intersect(['*', $origin], $this->settings->origins());
        if ($origin === '' || $allowed === []) {
            return [];
        }

        return [
            // Who asks has a secret, and no cookie that a page of another site could have sent along.
            'Access-Control-Allow-Origin' => $allowed[0] ?? $origin,
            'Access-Control-Allow-Headers' => 'authorization, content-type, mj-api-secret',
            'Access-Control-Allow-Methods' => 'GET, POST',
            'Access-Control-Expose-Headers' => 'Retry-After',
            'Vary' => 'Origin',
        ];
    }

    private static function expect(Request $request, string $method): void
    {
        if ($request->method() !== $method) {
            throw new Refusal(405, Reply::FAILURE, "the method must be $method", [], ['Allow' => $method]);
        }
    }

    private static function refused(\Throwable $error, bool $isAceData): Response
    {
        $refusal = self::refusal($error);
        if (!$isAceData) {
            return Reply::of(
                $refusal->reply(),
                $refusal->getMessage(),
                null,
                $refusal->properties(),
                $refusal->httpStatus(),
                $refusal->headers(),
            );
        }
        $status = match (true) {
            $refusal->httpStatus() !== 200 => $refusal->httpStatus(),
            $refusal->reply() === Reply::BANNED_PROMPT => 403,
            $refusal->reply() === Reply::QUEUE_REJECTED => 429,
            $refusal->reply() === Reply::NOT_FOUND => 404,
            default => 400,
        };
        $code = [401 => 'invalid_token', 403 => 'forbidden', 404 => 'not_found', 429 => 'too_many_requests'][$status]
            ?? ($status < 500 ? 'bad_request' : 'api_error');

        return Response::json(AceDataShape::error($code, $refusal->getMessage()), $status, $refusal->headers());
    }

    private static function refusal(\Throwable $error): Refusal
    {
        if ($error instanceof Refusal) {
            return $error;
        }
        if ($error instanceof QueueFullException) {
            $headers = ['Retry-After' => (string) $error->retryAfter];

            return new Refusal(200, Reply::QUEUE_REJECTED, 'the queue is full, try again later', [], $headers);
        }
        if ($error instanceof ActionUnavailableException) {
            $code = $error->reason === 'NEEDS_USER_GATEWAY' ? Reply::FAILURE : Reply::VALIDATION_ERROR;

            return new Refusal(200, $code, self::plain($error->getMessage()));
        }
        if ($error instanceof \ValueError) {
            return Refusal::sense(self::plain($error->getMessage()));
        }
        // Who asks is told nothing of the inside; the administrator is, but for what might have words of others in it.
        $what = $error instanceof MjException ? ': ' . $error->getMessage() : " in {$error->getFile()}:{$error->getLine()}";
        error_log('mj relay: ' . get_class($error) . $what);

        return new Refusal($error instanceof MjException ? 503 : 500, Reply::FAILURE, 'the service is not available');
    }

    /** `mj_imagine(): Argument #2 ($options) element "mode" must be …` without what only programmers understand. */
    private static function plain(string $message): string
    {
        $plain = (string) preg_replace('/^\w+\(\): (?:Argument #\d+ \(\$(\w+)\))?/', '$1', $message);

        return ltrim((string) preg_replace('/^options element "([^"]+)"/', '$1', $plain), ' :');
    }
}
