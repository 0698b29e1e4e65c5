// The HTTP server of the JDK, without a framework:
// AUTHENTICATION=client-secret CLIENT_SECRET=... LC_ALL=C.UTF-8 java Endpoint.java

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import static java.nio.charset.StandardCharsets.UTF_8;

class Endpoint {
    static final String PATH = "/hooks/flowingly";
    static final int LIMIT = 4 * 1024 * 1024;
    static final Pattern BASIC_HEADER = Pattern.compile("basic +(\\S+)", Pattern.CASE_INSENSITIVE);
    static final Pattern JSON_TYPE = Pattern.compile("\\s*application/json\\s*(;.*)?", Pattern.CASE_INSENSITIVE);

    /** A refused request: a status and a short text, never anything from the request. */
    static class Refused extends Exception {
        final int status;

        Refused(int status, String title) {
            super(title);
            this.status = status;
        }
    }

    /** The credentials of the webhook, or null. RFC 7617 allows one encoding of a username and password: compare that. */
    static String secret, basic;
    static FileChannel file;

    public static void main(String[] arguments) throws IOException {
        switch (needed("AUTHENTICATION")) {
            case "none" -> {}
            case "client-secret" -> secret = needed("CLIENT_SECRET");
            case "basic" -> basic = Base64.getEncoder()
                .encodeToString((needed("BASIC_USERNAME") + ":" + needed("BASIC_PASSWORD")).getBytes(UTF_8));
            default -> throw new IllegalStateException("AUTHENTICATION must be none, client-secret or basic");
        }
        file = FileChannel.open(Path.of(or("MESSAGES", "messages.jsonl")), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        var address = new InetSocketAddress(or("HOST", "127.0.0.1"), Integer.parseInt(or("PORT", "8080")));
        HttpServer server = HttpServer.create(address, 512);
        server.setExecutor(Executors.newFixedThreadPool(16));
        server.createContext("/", Endpoint::handle);
        server.start();
        System.out.println("listening on http://" + or("HOST", "127.0.0.1") + ":" + server.getAddress().getPort() + PATH);
    }

    static String or(String name, String otherwise) {
        String value = System.getenv(name);
        return value == null || value.isEmpty() ? otherwise : value;
    }

    /** A missing variable stops the start, so it never opens the endpoint. */
    static String needed(String name) {
        String value = or(name, "");
        if (value.isEmpty()) throw new IllegalStateException("set the environment variable " + name);
        return value;
    }

    static void handle(HttpExchange exchange) throws IOException {
        int status = 200;
        String body = "{}";
        try {
            store(take(exchange));
        } catch (Refused refused) {
            status = refused.status;
            body = "{\"status\":" + status + ",\"title\":\"" + refused.getMessage() + "\"}";
        } catch (IOException | RuntimeException error) {
            System.err.println(error);
            status = 503;
            body = "{\"status\":503,\"title\":\"The message could not be stored.\"}";
        }
        var headers = exchange.getResponseHeaders();
        headers.set("Content-Type", status == 200 ? "application/json" : "application/problem+json");
        if (status == 401) headers.set("WWW-Authenticate", "Basic realm=\"webhooks\", charset=\"UTF-8\"");
        if (status == 405) headers.set("Allow", "POST");
        if (status == 503) headers.set("Retry-After", "10");
        byte[] bytes = body.getBytes(UTF_8);
        boolean head = exchange.getRequestMethod().equals("HEAD");
        exchange.sendResponseHeaders(status, head ? -1 : bytes.length);
        if (!head) exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    static String take(HttpExchange exchange) throws Refused {
        var headers = exchange.getRequestHeaders();
        boolean old = exchange.getProtocol().equals("HTTP/1.0");
        if (!old && headers.getOrDefault("Host", List.of()).size() != 1) throw new Refused(400, "There is not exactly one Host header.");
        if (!PATH.equals(exchange.getRequestURI().getRawPath())) throw new Refused(404, "There is nothing here.");
        if (!exchange.getRequestMethod().equals("POST")) throw new Refused(405, "Webhook messages are sent with POST.");
        checkHeaders(headers.getOrDefault("Authorization", List.of()));
        String type = headers.getFirst("Content-Type");
        if (type == null || !JSON_TYPE.matcher(type).matches()) throw new Refused(415, "The content type is not application/json.");
        byte[] body;
        try {
            body = exchange.getRequestBody().readNBytes(LIMIT + 1);
        } catch (IOException error) {
            throw new Refused(400, "The body cannot be read.");
        }
        if (body.length > LIMIT) throw new Refused(413, "The body is larger than 4 MiB.");
        return readMessage(body);
    }

    /** Checks the values of all Authorization headers, before the body is read. */
    static void checkHeaders(List<String> authorization) throws Refused {
        if (basic == null) return;
        Matcher given = BASIC_HEADER.matcher(authorization.size() == 1 ? authorization.get(0).strip() : "");
        if (!given.matches() || !same(given.group(1), basic)) throw new Refused(401, "The credentials are missing or wrong.");
    }

    /** Compares digests, which have equal length, so the time reveals neither content nor length. */
    static boolean same(String given, String expected) {
        try {
            var digest = MessageDigest.getInstance("SHA-256");
            return MessageDigest.isEqual(digest.digest(given.getBytes(UTF_8)), digest.digest(expected.getBytes(UTF_8)));
        } catch (GeneralSecurityException error) {
            throw new IllegalStateException(error);
        }
    }

    /** Reads a body and checks the client secret in it. Returns the message without the secret. */
    static String readMessage(byte[] body) throws Refused {
        List<Json.Member> members;
        try {
            members = new Json(UTF_8.newDecoder().decode(ByteBuffer.wrap(body)).toString()).object();
        } catch (CharacterCodingException | IllegalArgumentException error) {
            throw new Refused(400, "The body is not JSON.");
        }
        if (members == null) throw new Refused(422, "The body is not a JSON object.");
        var given = members.stream().filter(member -> member.name().equals("clientSecret")).toList();
        // Once only, and a string.
        boolean right = given.size() == 1 && given.get(0).string() != null && secret != null && same(given.get(0).string(), secret);
        if (secret != null && !right) throw new Refused(403, "The client secret is missing or wrong.");
        members.removeAll(given);
        return "{" + String.join(",", members.stream().map(Json.Member::text).toList()) + "}";
    }

    /** Returns when the message is on disk: answer 2xx only after that. */
    static synchronized void store(String message) throws IOException {
        // The newline before it separates it from a line that a full disk cut short.
        var line = ByteBuffer.wrap(("\n" + message.replaceAll("[\\r\\n]", " ") + "\n").getBytes(UTF_8));
        while (line.hasRemaining()) file.write(line);
        file.force(true);
    }
}

/** The JDK has no JSON parser. This one checks a text, and returns each member of the outermost object as written. */
class Json {
    /** A member as written, with its value if that is a string. */
    record Member(String name, String string, String text) {}

    private static final Pattern NUMBER = Pattern.compile("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?");
    private static final int DEPTH = 128;
    private final String text;
    private int at;

    Json(String text) {
        this.text = text;
    }

    /** The members of the text, or null if it is not an object. */
    List<Member> object() {
        List<Member> members = new ArrayList<>();
        boolean object = peek() == '{';
        value(0, members);
        if (peek() != 0) throw new IllegalArgumentException();
        return object ? members : null;
    }

    private char peek() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) at++;
        return at < text.length() ? text.charAt(at) : 0;
    }

    private void take(char expected) {
        if (peek() != expected || at >= text.length()) throw new IllegalArgumentException();
        at++;
    }

    private String value(int depth, List<Member> members) {
        if (depth > DEPTH) throw new IllegalArgumentException();
        switch (peek()) {
            case '"':
                return string();
            case '{':
                list('}', () -> {
                    peek();
                    int start = at;
                    String name = string();
                    take(':');
                    String string = value(depth + 1, null);
                    if (members != null) members.add(new Member(name, string, text.substring(start, at)));
                });
                return null;
            case '[':
                list(']', () -> value(depth + 1, null));
                return null;
            default:
                for (String word : List.of("true", "false", "null")) {
                    if (text.startsWith(word, at)) {
                        at += word.length();
                        return null;
                    }
                }
                Matcher number = NUMBER.matcher(text).region(at, text.length());
                if (!number.lookingAt()) throw new IllegalArgumentException();
                at = number.end();
                return null;
        }
    }

    private void list(char end, Runnable item) {
        at++;
        if (peek() == end) {
            at++;
            return;
        }
        item.run();
        while (peek() == ',') {
            at++;
            item.run();
        }
        take(end);
    }

    private String string() {
        take('"');
        var result = new StringBuilder();
        while (true) {
            if (at >= text.length() || text.charAt(at) < ' ') throw new IllegalArgumentException();
            char next = text.charAt(at++);
            if (next == '"') break;
            result.append(next == '\\' ? escape() : next);
        }
        // A lone surrogate is not a character.
        if (!UTF_8.newEncoder().canEncode(result)) throw new IllegalArgumentException();
        return result.toString();
    }

    private char escape() {
        char kind = at < text.length() ? text.charAt(at++) : 0;
        int plain = "\"\\/bfnrt".indexOf(kind);
        if (plain >= 0) return "\"\\/\b\f\n\r\t".charAt(plain);
        if (kind != 'u' || at + 4 > text.length()) throw new IllegalArgumentException();
        String digits = text.substring(at, at += 4);
        if (!digits.matches("[0-9a-fA-F]{4}")) throw new IllegalArgumentException();
        return (char) Integer.parseInt(digits, 16);
    }
}
