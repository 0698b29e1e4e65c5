# frozen_string_literal: true

# Sinatra on Puma: AUTHENTICATION=client-secret CLIENT_SECRET=... ruby sinatra_app.rb

require "puma"
require "puma/server"
require "sinatra/base"
require_relative "webhook"

class Endpoint < Sinatra::Base
  set :environment, :production
  disable :static
  set :show_exceptions, false
  set :raise_errors, false

  before do
    # Rack joins headers of one name with a comma.
    host = request.env["HTTP_HOST"]
    one = host.nil? ? request.env["SERVER_PROTOCOL"] == "HTTP/1.0" : !host.include?(",")
    raise Webhook::Refused.new(400, "There is not exactly one Host header.") unless one
  end

  post Webhook::PATH do
    Webhook.check_headers(request.env["HTTP_AUTHORIZATION"])
    Webhook.check_type(request.env["CONTENT_TYPE"])
    body = request.body.read(Webhook::LIMIT + 1).to_s
    raise Webhook::Refused.new(413, "The body is larger than 4 MiB.") if body.bytesize > Webhook::LIMIT

    Webhook.store(Webhook.read_message(body))
    content_type :json
    "{}"
  end

  # Sinatra answers 404 if a path has no route for the method.
  %i[get put patch delete].each do |method|
    send(method, Webhook::PATH) { raise Webhook::Refused.new(405, "Webhook messages are sent with POST.") }
  end

  not_found { Webhook.problem(Webhook::Refused.new(404, "There is nothing here.")) }
  error StandardError do
    error = env["sinatra.error"]
    # Sinatra's own refusals, such as of a broken form, have their own status.
    error = Webhook::Refused.new(error.http_status, "The request was refused.") if error.respond_to?(:http_status)
    Webhook.problem(error)
  end
end

server = Puma::Server.new(Endpoint)
port = server.add_tcp_listener(Webhook::HOST, Webhook::PORT).addr[1]
puts "listening on http://#{Webhook::HOST}:#{port}#{Webhook::PATH}"
$stdout.flush
server.run.join
