<?php

declare(strict_types=1);

namespace Mj\Studio;

use Mj\Client;
use Mj\Task;

/** What the page's forms and buttons submit. */
final class Submissions
{
    /** Bytes of a picture, as Midjourney takes them. */
    private const LARGEST = 10 * 1024 * 1024;

    /** Pictures that may be part of a prompt. */
    private const PROMPTS = 5;

    /** What chips may set, and what their values look like; whether they fit the version is for Midjourney to say. */
    private const PARAMETERS = [
        'aspect' => '/^\d{1,4}:\d{1,4}$/D',
        'version' => '/^\d(\.\d)?$/D',
        'niji' => '/^\d$/D',
        'stylize' => '/^\d{1,4}$/D',
        'chaos' => '/^\d{1,3}$/D',
        'weird' => '/^\d{1,4}$/D',
        'seed' => '/^\d{1,10}$/D',
        'no' => '/^.{1,500}$/Dsu',
        'raw' => '/^1$/D',
        'tile' => '/^1$/D',
        'mode' => '/^(fast|relax|turbo)$/D',
    ];

    /** @var list<string> whose value is that they are there */
    private const SWITCHES = ['raw', 'tile'];

    public function __construct(private Client $mj) {}

    /** @return list<Task> */
    public function imagine(Request $request): array
    {
        $prompt = $request->text('prompt');
        $pictures = self::pictures($request);
        if ($prompt === '' && $pictures === []) {
            throw new Refusal(422, 'no_prompt', 'A prompt is needed');
        }

        return $this->made($this->mj->imagine($prompt, self::parameters($request) + self::key($request) + ($pictures === [] ? [] : ['images' => $pictures])));
    }

    /** @return list<Task> */
    public function shorten(Request $request): array
    {
        $prompt = $request->text('prompt');
        if ($prompt === '') {
            throw new Refusal(422, 'no_prompt', 'A prompt is needed');
        }

        return $this->made($this->mj->shorten($prompt, self::key($request)));
    }

    /** @return list<Task> */
    public function describe(Request $request): array
    {
        $pictures = self::pictures($request);
        if (count($pictures) !== 1) {
            throw new Refusal(422, 'one_picture', 'One picture is needed');
        }

        return $this->made($this->mj->describe($pictures[0], self::key($request)));
    }

    /** @return list<Task> */
    public function blend(Request $request): array
    {
        $pictures = self::pictures($request);
        if (count($pictures) < 2) {
            throw new Refusal(422, 'blend_pictures', 'Two to five pictures are needed');
        }
        $shape = $request->text('dimensions');
        if (!in_array($shape, ['', 'portrait', 'square', 'landscape'], true)) {
            throw new Refusal(422, 'invalid', 'dimensions must be portrait, square or landscape');
        }

        return $this->made($this->mj->blend($pictures, array_filter(['dimensions' => $shape]) + self::key($request)));
    }

    /** @return list<Task> */
    public function press(Request $request, string $task): array
    {
        $options = self::key($request);
        foreach (['prompt' => Request::PROMPT, 'mask' => self::LARGEST, 'values' => 200] as $name => $most) {
            $value = $request->text($name, $most);
            if ($value !== '') {
                $options[$name] = $value;
            }
        }
        if (isset($options['mask']) && !str_starts_with($options['mask'], 'data:image/png;base64,')) {
            throw new Refusal(422, 'invalid', 'mask must be a PNG as a data: address');
        }

        return $this->made($this->mj->action($task, $request->text('action', 200), $options));
    }

    /**
     * The tasks of a submission: one, or those of its group.
     *
     * @return list<Task>
     */
    private function made(Task $task): array
    {
        return $task->isGroup() ? array_values(array_filter($this->mj->pollMany($task->tasks))) : [$task];
    }

    /** @return array<string, string|bool> */
    private static function parameters(Request $request): array
    {
        $given = $request->posted()['parameters'] ?? [];
        // With pictures it is a form, which has texts only.
        $given = is_string($given) ? json_decode($given, true, 4) : $given;
        $options = [];
        foreach (is_array($given) ? $given : [] as $name => $value) {
            $value = is_int($value) ? (string) $value : $value;
            if (!is_string($value) || preg_match(self::PARAMETERS[$name] ?? '/^(?!)/', $value) !== 1) {
                throw new Refusal(422, 'invalid', 'a parameter is unknown, or has a value that it cannot have');
            }
            $options[(string) $name] = in_array($name, self::SWITCHES, true) ? true : $value;
        }

        return $options;
    }

    /**
     * A form that is sent twice is one submission.
     *
     * @return array<string, string>
     */
    private static function key(Request $request): array
    {
        $key = $request->text('key', 64);

        return preg_match('/^[\w-]{8,64}$/D', $key) === 1 ? ['idempotency_key' => "studio:$key"] : [];
    }

    /** @return list<string> `data:` addresses */
    private static function pictures(Request $request): array
    {
        // Before any is read: base64 makes them larger, and PHP's memory is limited.
        if (count($request->files) > self::PROMPTS) {
            throw new Refusal(422, 'many_pictures', 'At most ' . self::PROMPTS . ' pictures may be part of a prompt');
        }
        $pictures = [];
        foreach ($request->files as $file) {
            if ($file['error'] === UPLOAD_ERR_INI_SIZE || $file['error'] === UPLOAD_ERR_FORM_SIZE) {
                throw new Refusal(413, 'too_large', 'The picture is larger than PHP takes: see upload_max_filesize and post_max_size');
            }
            $bytes = $file['error'] === UPLOAD_ERR_OK ? file_get_contents($file['path'], false, null, 0, self::LARGEST + 1) : false;
            if ($bytes === false || $bytes === '') {
                throw new Refusal(422, 'unreadable', 'The picture did not arrive');
            }
            if (strlen($bytes) > self::LARGEST) {
                throw new Refusal(413, 'too_large', 'A picture may have at most 10 MiB');
            }
            $type = Pictures::type($bytes);
            if ($type === null || !str_starts_with($type, 'image/')) {
                throw new Refusal(422, 'no_picture', 'This is not a PNG, JPEG, WebP or GIF');
            }
            $pictures[] = "data:$type;base64," . base64_encode($bytes);
        }

        return $pictures;
    }
}
