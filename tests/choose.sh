#!/bin/sh
# failsim choose: designs whose merits are known, and wrong input. "choose: N passed, N failed".
suite=choose
. "$(dirname "$0")/support/try.sh"

# A promotion of 5 s always meets the policy, one of 60 s never; exponential ones in half of the runs.
cat >known.yaml <<'YAML'
version: 1
name: known merits
users: {rate: 5/s, population: 100, timeout: 2s, retry: {max: 0}}
application: {service_time: 1ms}
consumers: []
mirror: {enabled: no}
router: {edges: 1, probe: {interval: 5s, timeout: 2s}}
database: {commit_time: 1ms, replication: {lag: 1s}}
failover: {mode: automatic, hold: 0s, probe: {interval: 1s, timeout: 500ms, samples: 1}, steps: [{step: promote-database, duration: 60s}]}
events: [{at: 5s, fail: region}]
expect: [rto.promote.p90 <= 20s]
run: {duration: 20s, drain: 60s}
variants:
  - {name: fast and dear, set: {"failover.steps[0].duration": 5s, cost.price.database: "50"}}
  - {name: fast, set: {"failover.steps[0].duration": 5s, cost.price.database: "9"}}
  - {name: chance, set: {"failover.steps[0].duration": {exponential: 29s}, cost.price.database: "2"}}
YAML
try 0 known.yaml --json
cat >check.py <<'PY'
import json
d = json.load(open("out"))
by = {x["name"]: x for x in d["designs"]}
assert d["chosen"] == "fast" and d["correct_at_least"] >= 0.95, d
assert list(by) == ["as it is", "fast and dear", "fast", "chance"]
assert by["as it is"]["meets_policy"] < 1e-6 and by["chance"]["meets_policy"] < 0.05
assert by["fast"]["meets_policy"] > 0.95 and by["fast and dear"]["cheaper_than_chosen"] == 0
assert sum(x["runs"] for x in d["designs"]) == d["runs"]
assert by["fast"]["cost"] < by["fast and dear"]["cost"] and by["chance"]["cost"] < by["fast"]["cost"]
PY
verdict "not the known choice" python3 check.py
cp out first
try 0 known.yaml --json -j 1
verdict "other bytes with one thread" cmp -s out first
try 0 known.yaml; says "CHOOSE fast "; says "right with probability at least"; says "rto.promote.p90 <= 20s"; says "dearer"
try 1 known.yaml --set 'expect=[rto.promote.p90 <= 3s]'; says "NONE meets the policy"
try 3 known.yaml --budget 160 --confidence 99 --set 'expect=[rto.promote <= 20s in 99.9%]'; says "raise --budget"
try 0 known.yaml --set 'expect=[rto.promote.max <= 20s]' --budget 4000; says 'taken as "in 99 %"'
try 0 known.yaml --cost rto.promote; says "least rto.promote"
sed 's/^variants:/sweep: {grid: {"failover.steps[0].duration": [1s, 9s, 60s]}}/; /- {name/d' known.yaml >sweep.yaml
try 0 sweep.yaml --cost rto.promote --csv choose.csv --markdown choose.md; says "CHOOSE failover.steps[0].duration=1s"
verdict "a row a design" test "$(wc -l <choose.csv)" = 4
verdict "the CSV names the choice" grep -q "^failover.steps\[0\].duration=1s,1," choose.csv
verdict "the Markdown marks the choice" grep -q "^| ● | failover.steps\\\\\[0" choose.md
# What a constraint leaves out is no design.
try 0 sweep.yaml --cost rto.promote --set 'sweep.constraint=["failover.steps[0].duration > 1s"]' --json=left.json -q
verdict "a quiet choice prints" test ! -s out
verdict "two designs are left" python3 -c '
import json
d = json.load(open("left.json"))
assert len(d["designs"]) == 2 and d["chosen"] == "failover.steps[0].duration=9s", d'
try 4 sweep.yaml --json=/nonesuch/x.json; warns "cannot write"
try 2 sweep.yaml --json --csv -; warns "only one result"

try 2; warns "needs one scenario FILE"
try 2 known.yaml --cost nonesuch; warns "no such metric"
try 2 known.yaml --budget 120; warns "40 runs each"
sed '/variants/,$d' known.yaml >alone.yaml
try 2 alone.yaml; warns "add variants: or sweep:"
sed '/^expect/d' known.yaml >free.yaml
try 2 free.yaml; warns "has no policy"
sed 's/cost.price.database: "9"/cost.price.databse: "9"/' known.yaml >wrong.yaml
try 2 wrong.yaml; warns "databse"

finish
