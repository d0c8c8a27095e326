#!/bin/sh
# failsim tail: the tail of a loss whose law is known, and wrong input. "tail: N passed, N failed".
suite=tail
. "$(dirname "$0")/support/try.sh"

# One lag a run, exponential with mean 500 ms, and Poisson arrivals at 200/s: the loss is geometric,
# P(lost > k) = (100/101)^(k+1). The region dies at 8 s: no lag of these quantiles is longer.
cat >geometric.yaml <<'YAML'
version: 1
name: geometric loss
users: {rate: 200/s, population: 1000, timeout: 2s, retry: {max: 0}}
application: {service_time: 1ms}
consumers: []
mirror: {enabled: no}
router: {edges: 1, probe: {interval: 5s, timeout: 2s}}
database: {commit_time: 1ms, replication: {lag: {exponential: 500ms}}}
failover: {mode: automatic, hold: 0s, probe: {interval: 1s, timeout: 500ms, samples: 1}, steps: [{step: promote-database, duration: 1s}]}
events: [{at: 8s, fail: region}]
run: {duration: 8500ms, drain: 5s}
YAML
runs=1200
[ -n "${FAILSIM_TEST_QUICK:-}" ] && runs=400
try 0 geometric.yaml -r $runs --above 1000 --json
# 4.9 standard errors on each tail probability: a false alarm in a million (normal approximation).
cat >check.py <<'PY'
import json
d = json.load(open("out"))
law = lambda k: (100 / 101) ** (k + 1)
assert d["drivers"] == [{"key": "database.replication.lag", "sampled": True, "rank_correlation": d["drivers"][0]["rank_correlation"]}]
assert d["drivers"][0]["rank_correlation"] > 0.9
assert abs(d["mean_weight"] - 1) < 0.25
assert [round(q["q"], 6) for q in d["quantiles"]] == [0.99, 0.999, 0.9999]
for q in d["quantiles"]:
    p, error = q["probability"], q["relative_error"]
    assert q["value"] is not None and q["value_low"] <= q["value"] <= q["value_high"], q
    assert abs(p - law(q["value"])) < 4.9 * error * p, q
    assert error < 0.3, q
above = d["above"]
assert abs(above["probability"] - law(1000)) < 4.9 * above["relative_error"] * above["probability"], above
PY
verdict "the tail is not the geometric law's" python3 check.py
cp out first
try 0 geometric.yaml -r $runs --above 1000 --json -j 1
verdict "other bytes with one thread" cmp -s out first
try 0 geometric.yaml -r 100; says "99.99 %"; says "Relative error"; says "rank correlation"
try 0 geometric.yaml -r 100 --metric rto.service --above 1m; says "TAIL of rto.service"
try 0 geometric.yaml -r 100 --set database.replication.lag=1s; says "plain sampling"
try 0 geometric.yaml -r 100 --driver database.replication.lag --digits 2; says "99 %"

# What has no tail is told, not guessed.
try 0 geometric.yaml -r 100 --digits 2 --metric payments.duplicated; says "no run beyond it"
try 0 geometric.yaml -r 100 --digits 2 --metric rto.decide --set failover.mode=off
says "rto.decide does not apply to any run"
try 0 geometric.yaml -r 100 --digits 2 --metric rto.service --set failover.mode=off; says "not reached"
try 0 geometric.yaml -r 100 --digits 2 --set 'events=[{at: {uniform: {low: 1s, high: 8s}}, fail: region}]'
says "events[0].at"
# Inputs that cannot be set are drawn as they are.
sed 's/, steps: .*/}/' geometric.yaml >defaults.yaml
try 0 defaults.yaml -r 100 --digits 2; says "cannot be set"
try 2 defaults.yaml --driver 'failover.steps[4].duration'; warns "cannot be set"
try 0 geometric.yaml -r 100 --digits 2 --json=tail.json -q
verdict "no tail.json" test -s tail.json
verdict "--quiet prints a report" test ! -s out
try 4 geometric.yaml -r 100 --json=/nonesuch/x.json; warns "cannot write"

try 2; warns "needs one scenario FILE"
try 2 geometric.yaml --metric payments.lst; warns "no such metric"
try 2 geometric.yaml --driver users.rate; warns "there are: database.replication.lag"
try 2 geometric.yaml --above 5m; warns "--above"
try 2 geometric.yaml --digits 9; warns "digits"
try 2 absent.yaml; warns "cannot read"

finish
