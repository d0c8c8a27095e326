#!/bin/sh
# failsim rank: effects that are known from the model, and wrong input. "rank: N passed, N failed".
suite=rank
. "$(dirname "$0")/support/try.sh"

# Service waits for the promotion alone: its length moves rto.promote one to one, and the lag moves the loss
# and nothing else. Unused things move nothing.
cat >base.yaml <<'YAML'
version: 1
name: known effects
users: {rate: 20/s, population: 100, timeout: 2s, retry: {max: 0}}
application: {service_time: 1ms}
consumers: []
mirror: {enabled: no}
router: {edges: 1, probe: {interval: 5s, timeout: 2s}}
database: {commit_time: 1ms, replication: {lag: 1s}}
failover: {mode: automatic, hold: 0s, probe: {interval: 1s, timeout: 500ms, samples: 1}, steps: [{step: promote-database, duration: 5s}]}
events: [{at: 20s, fail: region}]
run: {duration: 50s, drain: 5s}
YAML
{ cat base.yaml; cat <<'YAML'; } >known.yaml
factors:
  - {key: database.replication.lag, low: 500ms, high: 8s, scale: log}
  - {key: "failover.steps[0].duration", low: 3s, high: 12s}
  - {key: users.reauth, low: 1s, high: 9s}
  - {key: application.health, values: [shallow, deep]}
YAML
try 0 known.yaml --trajectories 4 -r 4 --metric rto.promote --metric payments.lost --sobol 16 --json
cat >check.py <<'PY'
import json
d = json.load(open("out"))
of = lambda metric: {f["key"]: f for f in d["metrics"][metric]["factors"]}
promote, lost = of("rto.promote"), of("payments.lost")
step, lag = "failover.steps[0].duration", "database.replication.lag"
# the command and its answer travel 50 ms each: 3.1 s and 12.1 s; two thirds of the range are 6 s
assert abs(promote[step]["at_low"] - 3.1) < 1e-6 and abs(promote[step]["at_high"] - 12.1) < 1e-6
assert abs(promote[step]["mu_star"]["value"] - 6) < 1e-6 and promote[step]["sigma"] < 1e-6
assert all(promote[k]["mu_star"]["value"] == 0 for k in promote if k != step)
assert abs(promote[step]["first"]["value"] - 1) < 1e-6 and abs(promote[step]["total"]["value"] - 1) < 0.2
assert d["metrics"]["rto.promote"]["factors"][0]["key"] == step
# at 20/s a lag of 0.5 s loses about 10, of 8 s about 160: paired, so one includes the other
assert 2 < lost[lag]["at_low"] < 20 and 130 < lost[lag]["at_high"] < 190
assert lost[step]["at_low"] == lost[step]["at_high"] == d["metrics"]["payments.lost"]["base"]
assert all(lost[k]["mu_star"]["value"] == 0 for k in lost if k not in (lag,)), lost
PY
verdict "effects are not the known ones" python3 check.py
cp out first
try 0 known.yaml --trajectories 4 -r 4 --metric rto.promote --metric payments.lost --sobol 16 --json -j 1
verdict "other bytes with one thread" cmp -s out first
try 0 known.yaml --trajectories 2 -r 2 -o kept; says "mu*"; says "database.replication.lag"
verdict "no rank.json" test -s kept/rank.json
verdict "tornado.csv has not 12 rows" test "$(wc -l <kept/tornado.csv)" = 13
try 0 known.yaml --trajectories 2 -r 2 --csv - --markdown rank.md
verdict "--csv is tornado.csv" cmp -s out kept/tornado.csv
verdict "a table a metric" test "$(grep -c '^|---' rank.md)" = 3
if command -v gnuplot >/dev/null; then
    verdict "no plot" gnuplot -c "$root/plot/tornado.gp" kept/tornado.csv tornado.svg
    verdict "the plot names no factor" grep -q "database.replication.lag" tornado.svg
    verdict "a metric that is not there is plotted" sh -c "! gnuplot -c '$root/plot/tornado.gp' kept/tornado.csv x.svg nonesuch"
fi

try 2; warns "needs one scenario FILE"
try 2 base.yaml; warns "has no factors"
try 2 known.yaml --metric rto.servce; warns "no such metric"
wrong() { # TEXT FACTOR
    { cat base.yaml; printf 'factors: [%s]\n' "$2"; } >wrong.yaml
    try 2 wrong.yaml; warns "$1"
}
wrong 'did you mean "router.ttl"' '{key: router.tll, low: 1s, high: 2s}'
wrong 'high of router.ttl must be above low' '{key: router.ttl, low: 2s, high: 2s}'
wrong 'has no high' '{key: router.ttl, low: 2s}'
wrong 'it has no range' '{key: application.health, low: shallow, high: deep}'
wrong 'nothing to compare' '{key: application.health, values: [deep]}'
wrong 'both values and a range' '{key: router.ttl, low: 1s, high: 2s, values: [3s, 4s]}'
wrong 'must be above 0' '{key: users.rate, low: 0/s, high: 9/s, scale: log}'
wrong 'low of router.ttl' '{key: router.ttl, low: 5, high: 9s}'
wrong 'narrow their ranges' '{key: router.probe.interval, low: 1s, high: 9s}' # the timeout is 2 s
wrong 'application.health' '{key: application.health, values: [deep, deeep]}'

finish
