<?php
// An endpoint in plain PHP, as the router script of the built-in server or as a page under a web server:
// AUTHENTICATION=client-secret CLIENT_SECRET=... php -d display_errors=stderr -S 127.0.0.1:8080 webhook.php

declare(strict_types=1);

const PATH = '/hooks/flowingly';
const LIMIT = 4 * 1024 * 1024;

/** A refused request: a status and a short text, never anything from the request. */
class Refused extends Exception
{
}

/** A missing variable refuses everything, so it never opens the endpoint. */
function needed(string $name): string
{
    $value = (string) getenv($name);
    if ($value === '') {
        throw new RuntimeException("set the environment variable $name");
    }
    return $value;
}

/** Compares digests, which have equal length, so the time reveals neither content nor length. */
function same(string $given, string $expected): bool
{
    return hash_equals(hash('sha256', $expected), hash('sha256', $given));
}

function check_headers(string $kind): void
{
    if ($kind !== 'basic') {
        return;
    }
    // RFC 7617 allows one encoding of a username and password: compare that, so there is nothing to decode.
    $expected = base64_encode(needed('BASIC_USERNAME') . ':' . needed('BASIC_PASSWORD'));
    $given = preg_match('/^basic +(\S+)$/Di', trim($_SERVER['HTTP_AUTHORIZATION'] ?? '', " \t"), $parts) ? $parts[1] : '';
    if (!same($given, $expected)) {
        throw new Refused('The credentials are missing or wrong.', 401);
    }
}

/** Reads a body and checks the client secret in it. Returns the message without the secret. */
function read_message(string $kind, string $body): object
{
    try {
        // Objects, because an array cannot distinguish {} from [].
        $message = json_decode($body, false, 128, JSON_THROW_ON_ERROR);
    } catch (JsonException) {
        throw new Refused('The body is not JSON.', 400);
    }
    if (!is_object($message)) {
        throw new Refused('The body is not a JSON object.', 422);
    }
    if ($kind === 'client-secret') {
        $given = $message->clientSecret ?? null;
        // Check the type first: in PHP true == "any secret" and "0e1" == "0e2".
        $right = is_string($given) && same($given, needed('CLIENT_SECRET'));
        if (!$right || occurrences($body, 'clientSecret') !== 1) {
            throw new Refused('The client secret is missing or wrong.', 403);
        }
    }
    unset($message->clientSecret);
    return $message;
}

/** Counts a name in the outermost object, because json_decode silently keeps the last of two equal names. */
function occurrences(string $json, string $name): int
{
    $depth = $count = 0;
    preg_match_all('/"(?:[^"\\\\]++|\\\\.)*+"(?:\s*:)?|[{}[\]]/', $json, $tokens);
    foreach ($tokens[0] as $token) {
        $depth += match ($token) {
            '{', '[' => 1,
            '}', ']' => -1,
            default => 0,
        };
        $is_name = $depth === 1 && $token[-1] === ':';
        $count += (int) ($is_name && json_decode(substr($token, 0, -1)) === $name);
    }
    return $count;
}

/** Returns when the message is on disk: answer 2xx only after that. */
function store(object $message): void
{
    $flags = JSON_THROW_ON_ERROR | JSON_PRESERVE_ZERO_FRACTION | JSON_UNESCAPED_SLASHES;
    // The newline before it separates it from a line that a full disk cut short.
    $line = "\n" . json_encode($message, $flags) . "\n";
    $file = fopen(getenv('MESSAGES') ?: 'messages.jsonl', 'ab');
    $kept = $file && flock($file, LOCK_EX) && fwrite($file, $line) === strlen($line) && fflush($file) && fsync($file);
    if (!$kept) {
        throw new RuntimeException('the message could not be written');
    }
}

/** Stores the message of this request, or throws the reason for a refusal. */
function take(): void
{
    // Also for a server in front that forwards the absolute form of a target.
    if (parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH) !== PATH) {
        throw new Refused('There is nothing here.', 404);
    }
    if ($_SERVER['REQUEST_METHOD'] !== 'POST') {
        throw new Refused('Webhook messages are sent with POST.', 405);
    }
    $kind = needed('AUTHENTICATION');
    if (!in_array($kind, ['none', 'client-secret', 'basic'], true)) {
        throw new RuntimeException('AUTHENTICATION must be none, client-secret or basic');
    }
    check_headers($kind);
    if (!preg_match('~^application/json\s*(;|$)~i', $_SERVER['CONTENT_TYPE'] ?? '')) {
        throw new Refused('The content type is not application/json.', 415);
    }
    $body = file_get_contents('php://input', length: LIMIT + 1);
    if (strlen($body) > LIMIT) {
        throw new Refused('The body is larger than 4 MiB.', 413);
    }
    store(read_message($kind, $body));
}

umask(0077);
$answer = new stdClass();
try {
    take();
    $status = 200;
} catch (Throwable $error) {
    $status = $error instanceof Refused ? $error->getCode() : 503;
    if ($status === 503) {
        error_log($error->getMessage());
    }
    $answer->status = $status;
    $answer->title = $status === 503 ? 'The message could not be stored.' : $error->getMessage();
}
http_response_code($status);
header('Content-Type: ' . ($status === 200 ? 'application/json' : 'application/problem+json'));
foreach ([401 => 'WWW-Authenticate: Basic realm="webhooks", charset="UTF-8"', 405 => 'Allow: POST', 503 => 'Retry-After: 10'] as $of => $header) {
    if ($status === $of) {
        header($header);
    }
}
echo json_encode($answer);
