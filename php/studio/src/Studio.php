<?php

declare(strict_types=1);

namespace Mj\Studio;

use Mj\ActionUnavailableException;
use Mj\Client;
use Mj\ConfigurationException;
use Mj\MjException;
use Mj\QueueFullException;

/** Answers each request: who may come in, and to whom it goes. */
final class Studio
{
    private const ID = '([0-9A-Z]{26})';

    /** Bytes that somebody may post who was not let in yet. */
    private const LOGIN = 16_384;

    private Session $session;

    /** @param callable(): Client $client makes the client when a request needs it: the login does not */
    public function __construct(private Settings $settings, private $client)
    {
        $this->session = new Session($settings);
    }

    public function answer(Request $request): Response
    {
        try {
            return $this->routed($request, time());
        } catch (Refusal $refusal) {
            return $refusal->response();
        } catch (QueueFullException $full) {
            return (new Refusal(503, 'queue_full', $full->getMessage(), max(1, $full->retryAfter)))->response();
        } catch (ActionUnavailableException $unavailable) {
            return (new Refusal(409, 'unavailable', $unavailable->getMessage()))->response();
        } catch (ConfigurationException $wrong) {
            return (new Refusal(503, 'configuration', $wrong->getMessage()))->response();
        } catch (MjException $trouble) {
            return (new Refusal(503, 'engine', $trouble->getMessage()))->response();
        } catch (\ValueError|\TypeError $bad) {
            return self::isOfExtension($bad)
                ? (new Refusal(422, 'invalid', self::plain($bad->getMessage())))->response()
                : self::broken($bad);
        } catch (\Throwable $bug) {
            return self::broken($bug);
        }
    }

    private function routed(Request $request, int $now): Response
    {
        if ($this->settings->secret === '' && !$request->isLocal()) {
            throw new Refusal(403, 'local_only', 'Without MJ_STUDIO_SECRET the studio answers only http://localhost and http://127.0.0.1');
        }
        $reads = $request->method === 'GET' || $request->method === 'HEAD';
        if (!$reads && $request->method !== 'POST') {
            throw new Refusal(405, 'method', 'GET and POST only');
        }
        $asset = $reads ? Assets::answer($request->path) : null;
        if ($asset !== null) {
            return $asset;
        }
        if (!$reads && !$request->isSameOrigin()) {
            throw new Refusal(403, 'origin', 'This came from another page');
        }
        $session = $this->session->of($request, $now);
        if ($request->path === '' && $reads) {
            return $this->page($request, $session, $now);
        }
        if ($request->path === 'api/session' && $reads) {
            return $this->token($request, $session, $now);
        }
        if ($request->path === 'login' && !$reads) {
            return $this->login($request, $now);
        }
        if ($session === null) {
            throw new Refusal(401, 'login', 'Log in first');
        }
        if (!$reads && !$this->session->isToken($session, $request->header('x-csrf-token'))) {
            throw new Refusal(403, 'csrf', 'The page is too old: load it again');
        }

        return $reads ? $this->read($request) : $this->change($request, $session, $now);
    }

    private function page(Request $request, ?string $session, int $now): Response
    {
        $response = Response::html('');
        if ($session === null && $this->settings->secret === '') {
            $session = $this->session->begin($request, $response, $now);
        }
        $page = new Page(Language::of($request), $request->base, $request->cookie('mj_theme'));
        $token = $session === null ? null : $this->session->token($session);
        $response->body = $page->render($token, $this->settings->secret !== '');

        return $response;
    }

    /** The token of a session, for a page that was opened in another one; where nobody logs in, of a new one. */
    private function token(Request $request, ?string $session, int $now): Response
    {
        $response = Response::json([]);
        if ($session === null && $this->settings->secret === '') {
            $session = $this->session->begin($request, $response, $now);
        }
        if ($session === null) {
            throw new Refusal(401, 'login', 'Log in first');
        }
        $response->body = Response::encoded(['token' => $this->session->token($session)]);

        return $response;
    }

    private function login(Request $request, int $now): Response
    {
        $throttle = new Throttle($this->settings->directory);
        $wait = $throttle->count($request->address, $now);
        if ($wait > 0) {
            throw new Refusal(429, 'too_many', 'Too many tries', $wait);
        }
        $request->posted(self::LOGIN);
        if (!$this->session->isSecret($request->text('secret', 1024))) {
            throw new Refusal(403, 'wrong_secret', 'This is not the secret');
        }
        $throttle->forget($request->address);
        $response = Response::json([]);
        $session = $this->session->begin($request, $response, $now);
        $response->body = Response::encoded(['token' => $this->session->token($session)]);

        return $response;
    }

    private function read(Request $request): Response
    {
        $path = $request->path;
        if (preg_match('~^pictures/' . self::ID . '/(\d{1,3})$~D', $path, $found) === 1) {
            $width = $request->parameter('w');

            return $this->pictures()->finished($found[1], (int) $found[2], preg_match('/^\d{0,4}$/D', $width) === 1 ? (int) $width : -1);
        }
        if (preg_match('~^previews/' . self::ID . '/\d+$~D', $path, $found) === 1) {
            return $this->pictures()->preview($found[1]);
        }
        if (preg_match('~^api/tasks/' . self::ID . '$~D', $path, $found) === 1) {
            return Response::json(View::task($this->mj()->poll($found[1]) ?? throw self::nothing()));
        }

        return match ($path) {
            'api/tasks' => Response::json((new Gallery($this->mj()))->part(
                $request->parameter('q'),
                $request->parameter('kind') ?: 'all',
                $request->parameter('cursor'),
            )),
            'api/changes' => Response::events((new Changes($this->mj(), $this->settings->slice))->since(
                $request->header('last-event-id') ?: $request->parameter('tasks'),
            )),
            'pictures.zip' => (new Archive($this->mj(), $this->pictures()))->response($request->parameter('tasks'), $request->parameter('cells') === '1'),
            'api/status' => Response::json((new Health($this->mj()))->status()),
            'api/doctor' => Response::json((new Health($this->mj()))->doctor(Language::of($request)->code)),
            default => throw self::nothing(),
        };
    }

    private function change(Request $request, string $session, int $now): Response
    {
        if ($request->path === 'logout') {
            $response = Response::json(['ok' => true]);
            $this->session->end($session, $request, $response, $now);

            return $response;
        }
        if (preg_match('~^api/tasks/' . self::ID . '/(press|cancel)$~D', $request->path, $found) === 1) {
            return $found[2] === 'cancel'
                ? Response::json(['cancelled' => $this->mj()->cancel($found[1])])
                : self::submitted((new Submissions($this->mj()))->press($request, $found[1]));
        }
        $submissions = new Submissions($this->mj());

        return self::submitted(match ($request->path) {
            'api/imagine' => $submissions->imagine($request),
            'api/describe' => $submissions->describe($request),
            'api/blend' => $submissions->blend($request),
            'api/shorten' => $submissions->shorten($request),
            default => throw self::nothing(),
        });
    }

    private function mj(): Client
    {
        return ($this->client)();
    }

    private function pictures(): Pictures
    {
        return new Pictures($this->mj(), $this->settings);
    }

    /** @param list<\Mj\Task> $tasks */
    private static function submitted(array $tasks): Response
    {
        return Response::json(['tasks' => View::tasks($tasks)], 201);
    }

    private static function nothing(): Refusal
    {
        return new Refusal(404, 'nothing', 'There is nothing here');
    }

    /** Whether the extension, or what stands in for it, refused an argument; everything else is a bug of ours. */
    private static function isOfExtension(\Throwable $thrown): bool
    {
        return preg_match('/^(mj_\w+|Mj\\\\[\w\\\\]+::\w+)\(\)/', $thrown->getMessage()) === 1;
    }

    /** A message of the extension's without the name of a function that no visitor called. */
    private static function plain(string $message): string
    {
        return ucfirst((string) preg_replace('/^\S+\(\): (Argument #\d+ \(\$\w+\):? ?)?/', '', $message));
    }

    private static function broken(\Throwable $bug): Response
    {
        // Without its message, which may have a visitor's words.
        error_log('mj studio: ' . get_class($bug) . ' in ' . basename($bug->getFile()) . ':' . $bug->getLine());

        return (new Refusal(500, 'broken', 'The studio made a mistake: see the log of PHP'))->response();
    }
}
