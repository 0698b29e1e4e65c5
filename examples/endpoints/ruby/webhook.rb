# frozen_string_literal: true

# What an endpoint needs with any framework: check the credential, read the message, store it.

require "base64"
require "digest"
require "json"
require "openssl"

module Webhook
  PATH = "/hooks/flowingly"
  HOST = ENV.fetch("HOST", "127.0.0.1")
  PORT = Integer(ENV.fetch("PORT", "8080"))
  LIMIT = 4 * 1024 * 1024
  CHALLENGE = 'Basic realm="webhooks", charset="UTF-8"'

  # A refused request: a status and a short text, never anything from the request.
  class Refused < StandardError
    attr_reader :status

    def initialize(status, title)
      super(title)
      @status = status
    end
  end

  # A missing variable stops the start, so it never opens the endpoint.
  def self.needed(name)
    value = ENV.fetch(name, "").b
    abort "set the environment variable #{name}" if value.empty?
    value
  end

  KIND = needed("AUTHENTICATION")
  abort "AUTHENTICATION must be none, client-secret or basic" unless %w[none client-secret basic].include?(KIND)
  SECRET = KIND == "client-secret" ? needed("CLIENT_SECRET") : nil
  # RFC 7617 allows one encoding of a username and password: compare that, so there is nothing to decode.
  BASIC = KIND == "basic" ? Base64.strict_encode64("#{needed("BASIC_USERNAME")}:#{needed("BASIC_PASSWORD")}") : nil

  # Compares digests, which have equal length, so the time reveals neither content nor length.
  def self.same?(given, expected)
    OpenSSL.fixed_length_secure_compare(Digest::SHA256.digest(given), Digest::SHA256.digest(expected))
  end

  # Checks the Authorization header. Two of them arrive joined by a comma and a space, which never match.
  def self.check_headers(authorization)
    return if BASIC.nil?

    given = /\A[ \t]*basic +(\S+)[ \t]*\z/i.match(authorization.to_s.b)
    raise Refused.new(401, "The credentials are missing or wrong.") unless given && same?(given[1], BASIC)
  end

  # Checks the Content-Type header.
  def self.check_type(content_type)
    return if %r{\A\s*application/json\s*(;|\z)}i.match?(content_type.to_s.b)

    raise Refused.new(415, "The content type is not application/json.")
  end

  # JSON.parse silently keeps the last of two equal names. This keeps all of them.
  class Members < Hash
    def names = @names ||= []

    def []=(name, value)
      names << name
      super
    end
  end

  # Reads a body and checks the client secret in it. Returns the message without the secret.
  def self.read_message(body)
    text = body.dup.force_encoding(Encoding::UTF_8)
    begin
      message = JSON.parse(text, object_class: Members, max_nesting: 128)
      # A lone surrogate is not a character, and becomes invalid UTF-8.
      raise JSON::ParserError unless text.valid_encoding? && JSON.generate(message, max_nesting: 128).valid_encoding?
    rescue JSON::JSONError, EncodingError
      raise Refused.new(400, "The body is not JSON.")
    end
    raise Refused.new(422, "The body is not a JSON object.") unless message.is_a?(Members)

    given = message.delete("clientSecret")
    once = message.names.count("clientSecret") == 1
    unless SECRET.nil? || (once && given.is_a?(String) && same?(given, SECRET))
      raise Refused.new(403, "The client secret is missing or wrong.")
    end

    message
  end

  FILE = File.open(ENV.fetch("MESSAGES", "messages.jsonl"), File::WRONLY | File::APPEND | File::CREAT, 0o600)
  FILE.sync = true
  LOCK = Mutex.new

  # Returns when the message is on disk: answer 2xx only after that.
  def self.store(message)
    LOCK.synchronize do
      # The newline before it separates it from a line that a full disk cut short.
      FILE.write("\n#{JSON.generate(message, max_nesting: 128)}\n")
      FILE.fsync
    end
  end

  # Status, headers and body for an error, for any framework.
  def self.problem(error)
    status, title = error.is_a?(Refused) ? [error.status, error.message] : [503, "The message could not be stored."]
    warn error.full_message if status == 503
    extra = { 401 => { "WWW-Authenticate" => CHALLENGE }, 405 => { "Allow" => "POST" }, 503 => { "Retry-After" => "10" } }
    headers = { "Content-Type" => "application/problem+json" }.merge(extra.fetch(status, {}))
    [status, headers, JSON.generate({ status: status, title: title })]
  end
end
