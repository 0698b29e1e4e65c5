#!/usr/bin/env bash
# The load generator beside wrk, against the receiver, on this machine: the server pinned to one core, the load to
# another, both loads in turn (A B A B ...), so that what else the machine does hits both alike. Each posts the same
# sample with the same client secret.
#
#   sender/benches/load-against-wrk.sh [ROUNDS [SECONDS]]
#
# First as fast as it goes (requests a second, p99), then at one rate. wrk knows no rate; its connections are made to
# pause after each answer, at random around a mean, and `load` then runs at the rate that this came to. What is compared
# is the time from the sending of a request (`service`), since wrk knows no other; `load` counts from the due time too.
# The rate is far below what the server can take, and over few connections: wrk begins with all of them at once and then
# sends at random moments, `load` evenly, and the nearer to the limit, the longer are the queues that come of chance.
#
# Needs cargo, wrk, taskset, python3 and two cores. SERVER_CORE (0), LOAD_CORE (1), CONNECTIONS ("64 256") and
# PAUSE_MS (12) can be set.
set -euo pipefail
cd "$(dirname "$0")/../.."

rounds=${1:-5} seconds=${2:-5}
server_core=${SERVER_CORE:-0} load_core=${LOAD_CORE:-1} connections=${CONNECTIONS:-64 256} pause=${PAUSE_MS:-12}
sample=step-completed-customer-set-up

for program in cargo wrk taskset python3; do
    command -v "$program" >/dev/null || { echo "error: $program is not installed" >&2; exit 2; }
done
cargo build --release --locked --quiet -p receiver -p sender
programs=${CARGO_TARGET_DIR:-target}/release

folder=$(mktemp -d)
server=
stop() {
    [ -z "$server" ] || { kill "$server" 2>/dev/null; wait "$server" 2>/dev/null; } || true
    rm -rf "$folder"
}
trap stop EXIT

umask 077
python3 -c 'import secrets; print(secrets.token_urlsafe(32))' >"$folder/client-secret"
cat >"$folder/receiver.toml" <<TOML
listen = "127.0.0.1:0"
data_dir = "data"
log_payloads = false
[[endpoint]]
path = "/hooks/flowingly"
authentication = { type = "client-secret", secret = "file:client-secret" }
TOML

taskset -c "$server_core" "$programs/webhook-receiver" serve --config "$folder/receiver.toml" \
    >"$folder/out" 2>"$folder/log" &
server=$!
until url=$(grep -om1 'http://[^ ]*' "$folder/out"); do
    kill -0 "$server" 2>/dev/null || { cat "$folder/log" >&2; exit 1; }
    sleep 0.05
done

# The body that `load` sends, for wrk: the sample with the secret in the place of its own.
"$programs/webhook-sender" samples show "$sample" | python3 -c '
import json, sys
message = json.load(sys.stdin)
message["clientSecret"] = open(sys.argv[1]).read().strip()
json.dump(message, open(sys.argv[2], "w"))
' "$folder/client-secret" "$folder/body.json"
cat >"$folder/wrk.lua" <<LUA
wrk.method = "POST"
wrk.headers["content-type"] = "application/json"
wrk.body = io.open("$folder/body.json"):read("*a")
local pause = tonumber(os.getenv("PAUSE_MS") or "0")
if pause > 0 then
    function delay() return math.random(0, 2 * pause) end
end
function done(summary, latency)
    local errors = summary.errors
    io.write(string.format("{\"requests\":%d,\"us\":%d,\"p99\":%d,\"errors\":%d}\n", summary.requests, summary.duration,
        latency:percentile(99), errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
LUA

run_wrk() { # CONNECTIONS PAUSE_MS
    PAUSE_MS=$2 taskset -c "$load_core" wrk -t1 -c"$1" -d"${seconds}s" -s "$folder/wrk.lua" "$url" | tail -n1
}
run_load() { # CONNECTIONS PACE...
    taskset -c "$load_core" "$programs/webhook-sender" load --to "$url" --sample "$sample" --duration "$seconds" \
        --client-secret "file:$folder/client-secret" --connections "$1" "${@:2}" --output json || true
}

# Both once, uncounted: caches, the growing log, the indexer.
run_wrk 64 0 >/dev/null && run_load 64 --max >/dev/null

results=$folder/results
for count in $connections; do
    for ((round = 0; round < rounds; round++)); do
        echo "max $count wrk $(run_wrk "$count" 0)"
        echo "max $count load $(run_load "$count" --max)"
    done
done | tee -a "$results" | sed -u 's/{.*//' >&2
for ((round = 0; round < rounds; round++)); do
    line=$(run_wrk 16 "$pause")
    rate=$(python3 -c 'import json, sys; line = json.loads(sys.argv[1]); print(round(line["requests"] * 1e6 / line["us"]))' "$line")
    echo "rate 16 wrk $line"
    echo "rate 16 load $(run_load 16 --rate "$rate/s")"
done | tee -a "$results" | sed -u 's/{.*//' >&2

python3 - "$results" <<'PYTHON'
import collections, json, statistics, sys

rows = collections.defaultdict(list)
for line in open(sys.argv[1]):
    mode, count, tool, text = line.split(" ", 3)
    said = json.loads(text)
    if tool == "wrk":
        rate, p99, errors = said["requests"] * 1e6 / said["us"], said["p99"], said["errors"]
        from_due = None
    else:
        rate, p99 = said["achievedRate"], said["serviceUs"]["p99"]
        errors = said["answered"] - said["accepted"] + said["unanswered"] + said["unfinished"]
        from_due = said["latencyUs"]["p99"]
    rows[mode, int(count), tool].append((rate, p99, from_due, errors))

def spread(values, unit=""):
    if values[0] is None:
        return "-"
    return f"{statistics.median(values):.0f} ({min(values):.0f} to {max(values):.0f}){unit}"

print(f"{'':14}{'':6}{'req/s':>26}{'p99 us, from sending':>26}{'p99 us, from due':>26}{'errors':>8}")
for (mode, count, tool), said in rows.items():
    rates, p99s, dues, errors = zip(*said)
    print(f"{mode + ' ' + str(count):14}{tool:6}{spread(rates):>26}{spread(p99s):>26}{spread(dues):>26}{sum(errors):>8}")
print()
for mode, count in dict.fromkeys(key[:2] for key in rows):
    pairs = list(zip(rows[mode, count, "load"], rows[mode, count, "wrk"]))
    for what, index in (("req/s", 0), ("p99", 1)):
        ratios = [load[index] / wrk[index] for load, wrk in pairs]
        print(f"{mode} {count}: load / wrk, {what}: {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")
PYTHON
