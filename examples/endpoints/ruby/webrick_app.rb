# frozen_string_literal: true

# WEBrick, without a framework: AUTHENTICATION=client-secret CLIENT_SECRET=... ruby webrick_app.rb

require "webrick"
require_relative "webhook"

# Handles every method, because WEBrick's servlets answer an unknown one with an HTML page.
class Endpoint < WEBrick::HTTPServlet::AbstractServlet
  def service(request, response)
    take(request)
    response.content_type = "application/json"
    response.body = "{}"
  rescue StandardError => error
    status, headers, body = Webhook.problem(known(error))
    response.status = status
    headers.each { |name, value| response[name] = value }
    response.body = body
  end

  private

  def take(request)
    raise Webhook::Refused.new(404, "There is nothing here.") unless request.path == Webhook::PATH
    raise Webhook::Refused.new(400, "There are two Host headers.") if request.header["host"].to_a.length > 1
    raise Webhook::Refused.new(405, "Webhook messages are sent with POST.") unless request.request_method == "POST"

    Webhook.check_headers(request["authorization"])
    Webhook.check_type(request["content-type"])
    Webhook.store(Webhook.read_message(read(request)))
  end

  def read(request)
    body = +"".b
    request.body do |chunk|
      body << chunk
      raise Webhook::Refused.new(413, "The body is larger than 4 MiB.") if body.bytesize > Webhook::LIMIT
    end
    body
  end

  # WEBrick's own refusals: 400 for a broken body, 411 for one without a length.
  def known(error)
    error.is_a?(WEBrick::HTTPStatus::Status) ? Webhook::Refused.new(error.code, "The request was refused.") : error
  end
end

server = WEBrick::HTTPServer.new(
  BindAddress: Webhook::HOST, Port: Webhook::PORT, AccessLog: [], Logger: WEBrick::Log.new($stderr, WEBrick::Log::FATAL)
)
server.mount("/", Endpoint)
trap("TERM") { server.shutdown }
puts "listening on http://#{Webhook::HOST}:#{server.listeners[0].addr[1]}#{Webhook::PATH}"
$stdout.flush
server.start
