#!/usr/bin/env perl
# Mojolicious: AUTHENTICATION=client-secret CLIENT_SECRET=... perl mojolicious_app.pl

use Mojolicious::Lite -signatures;
use Digest::SHA qw(sha256);
use Fcntl qw(O_APPEND O_CREAT O_WRONLY);
use IO::Handle;
use MIME::Base64 qw(encode_base64);
use Mojo::JSON qw(decode_json encode_json);
use Mojo::Server::Daemon;
use Mojo::Util qw(encode secure_compare);

my $PATH  = '/hooks/flowingly';
my $LIMIT = 4 * 1024 * 1024;

# A missing variable stops the start, so it never opens the endpoint.
sub needed ($name) {
    my $value = $ENV{$name} // '';
    die "set the environment variable $name\n" if $value eq '';
    return $value;
}

my $KIND = needed('AUTHENTICATION');
die "AUTHENTICATION must be none, client-secret or basic\n" if $KIND !~ /\A(?:none|client-secret|basic)\z/;
my $SECRET = $KIND eq 'client-secret' ? needed('CLIENT_SECRET') : undef;
# RFC 7617 allows one encoding of a username and password: compare that, so there is nothing to decode.
my $BASIC = $KIND eq 'basic' ? encode_base64(needed('BASIC_USERNAME') . ':' . needed('BASIC_PASSWORD'), '') : undef;

# A refused request: a status and a short text, never anything from the request.
sub refuse ($status, $title) { die {status => $status, title => $title} }

# Compares digests, which have equal length, so the time reveals neither content nor length.
sub same ($given, $expected) { return secure_compare(sha256($given), sha256($expected)) }

sub check_headers ($headers) {
    return if !defined $BASIC;
    my $all = $headers->every_header('Authorization');
    my ($given) = @$all == 1 ? $all->[0] =~ /\Abasic +(\S+)\z/i : ();
    refuse(401, 'The credentials are missing or wrong.') if !defined $given || !same($given, $BASIC);
}

# Reads a body and checks the client secret in it. Returns the message without the secret.
sub read_message ($body) {
    # Mojolicious turns each thrown string into an exception with a trace, which takes minutes for JSON a hundred thousand
    # levels deep.
    my $message = eval { local $SIG{__DIE__} = 'DEFAULT'; decode_json($body) };
    refuse(400, 'The body is not JSON.') if $@;
    # A lone surrogate is not a character, and cannot be encoded.
    refuse(400, 'The body is not JSON.') if $body =~ /\\u[dD][89a-fA-F]/ && encode_json($message) =~ /\xed[\xa0-\xbf]/;
    refuse(422, 'The body is not a JSON object.') if ref $message ne 'HASH';
    my $given = delete $message->{clientSecret};
    if (defined $SECRET) {
        my $right = defined $given && !ref $given && is_string($given) && same(encode('UTF-8', $given), $SECRET);
        refuse(403, 'The client secret is missing or wrong.') if !$right || occurrences($body, 'clientSecret') != 1;
    }
    return $message;
}

# A JSON number is a Perl number that was never a string.
sub is_string ($value) { return encode_json([$value]) =~ /\A\["/ }

# Counts a name in the outermost object of JSON text, because decode_json silently keeps the last of two equal names.
sub occurrences ($json, $name) {
    my ($depth, $count) = (0, 0);
    while ($json =~ /("(?:[^"\\]++|\\.)*+")(\s*:)?|[{}\[\]]/gs) {
        my ($text, $is_name, $token) = ($1, $2, $&);
        if    (!defined $text)            { $depth += $token =~ /[{\[]/ ? 1 : -1 }
        elsif ($is_name && $depth == 1)   { $count++ if decode_json("[$text]")->[0] eq $name }
    }
    return $count;
}

sysopen my $FILE, $ENV{MESSAGES} // 'messages.jsonl', O_WRONLY | O_APPEND | O_CREAT, 0600 or die "MESSAGES: $!\n";

# Returns when the message is on disk: answer 2xx only after that.
sub store ($message) {
    # The newline before it separates it from a line that a full disk cut short.
    my $line = "\n" . encode_json($message) . "\n";
    my $written = syswrite $FILE, $line;
    die "the message could not be written: $!\n" if ($written // 0) != length $line || !$FILE->sync;
}

app->log->level('fatal');
app->max_request_size($LIMIT);
any $PATH => sub ($c) {
    my $request = $c->req;
    eval {
        refuse(413, 'The body is larger than 4 MiB.') if $request->is_limit_exceeded;
        refuse(400, 'The body cannot be read.')        if $request->error;
        refuse(400, 'There are two Host headers.')     if @{$request->headers->every_header('Host')} > 1;
        refuse(405, 'Webhook messages are sent with POST.') if $request->method ne 'POST';
        check_headers($request->headers);
        my $type = $request->headers->content_type // '';
        refuse(415, 'The content type is not application/json.') if $type !~ m{\A\s*application/json\s*(?:;|\z)}i;
        store(read_message($request->body));
        $c->render(json => {});
        1;
    } or problem($c, $@);
};
any '/*rest' => {rest => ''} => sub ($c) { problem($c, {status => 404, title => 'There is nothing here.'}) };

sub problem ($c, $error) {
    if (ref $error ne 'HASH') {
        warn $error;
        $error = {status => 503, title => 'The message could not be stored.'};
    }
    my $headers = $c->res->headers;
    $headers->www_authenticate('Basic realm="webhooks", charset="UTF-8"') if $error->{status} == 401;
    $headers->header(Allow         => 'POST') if $error->{status} == 405;
    $headers->header('Retry-After' => 10)     if $error->{status} == 503;
    $headers->content_type('application/problem+json');
    $c->render(data => encode_json($error), status => $error->{status});
}

my $host   = $ENV{HOST} // '127.0.0.1';
my $daemon = Mojo::Server::Daemon->new(app => app, listen => ["http://$host:" . ($ENV{PORT} // 8080)], silent => 1);
$daemon->start;
printf "listening on http://%s:%d%s\n", $host, $daemon->ports->[0], $PATH;
STDOUT->flush;
$daemon->run;
